import { bytesOf } from "./data";

interface Manager {
  roots: { model: Model }[];
  clear(): void;
}

/** What the report uses of a BokehJS model. */
export interface Model {
  document: { get_model_by_name(name: string): Model | null };
  on_event(kind: string, react: (event: never) => void): void;
  data: Record<string, number[]>;
  visible: boolean;
  left: number;
  right: number;
  xs: number[];
  ys: number[];
  active_drag: unknown;
  toolbar: Model;
  inner_width: number;
  inner_height: number;
  x_range: { start: number; end: number };
  y_range: { start: number; end: number };
}

interface Bokeh {
  embed: { embed_item(item: unknown, target: Element): Promise<Manager> };
}

/** A figure in the page. */
export interface Plot {
  root: Model;
  find(name: string): Model | null;
  remove(): void;
}

/** Unpack BokehJS, which the page's policy knows by its hash, and run it. */
export async function unpack(page: Document): Promise<Bokeh> {
  const packed = bytesOf(page.getElementById("siamviz-bokeh")?.textContent ?? "");
  const stream = new Blob([packed as BlobPart])
    .stream()
    .pipeThrough(new DecompressionStream("gzip"));
  const script = page.createElement("script");
  script.textContent = await new Response(stream).text();
  page.head.append(script);
  const bokeh = (window as unknown as { Bokeh?: Bokeh }).Bokeh;
  if (!bokeh) throw new Error("BokehJS did not run.");
  return bokeh;
}

/** Show a figure inside `target`. */
export async function embed(bokeh: Bokeh, item: unknown, target: Element): Promise<Plot> {
  const manager = await bokeh.embed.embed_item(item, target);
  const model = manager.roots[0]?.model;
  if (!model) throw new Error("BokehJS showed no figure.");
  return {
    root: model,
    find: (name) => model.document.get_model_by_name(name),
    remove: () => manager.clear(),
  };
}
