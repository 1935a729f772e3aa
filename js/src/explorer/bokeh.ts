import { asBytes } from "../guard";
import type { Store } from "./store";

/** The parts of BokehJS that the plots use. */
export interface Model {
  on_event(kind: string, react: (event: never) => void): void;
  data: Record<string, unknown>;
  visible: boolean;
  left: number | null;
  right: number | null;
  xs: number[];
  ys: number[];
  factors: string[];
  low: number;
  high: number;
  active_drag: unknown;
  toolbar: Model;
}

interface Manager {
  roots: { model: Model & { document: { get_model_by_name(name: string): Model | null } } }[];
  clear(): void;
}

interface Bokeh {
  embed: { embed_item(item: unknown, target: Element): Promise<Manager> };
  [version: string]: unknown;
}

interface Page extends Window {
  Bokeh?: Bokeh;
  siamvizBokeh?: Record<string, Promise<Bokeh>>;
}

/** A figure in the page. */
export interface Plot {
  root: Model;
  find(name: string): Model | null;
  remove(): void;
}

/** Return BokehJS of the version that Python has: the page's own, else Python's, loaded once. */
export function library(store: Store): Promise<Bokeh> {
  const page = window as unknown as Page;
  const version = store.library;
  const there = page.Bokeh?.[version];
  if (there) return Promise.resolve(there as Bokeh);
  page.siamvizBokeh ??= {};
  page.siamvizBokeh[version] ??= fetchLibrary(store).catch((error) => {
    delete page.siamvizBokeh?.[version];
    throw error;
  });
  return page.siamvizBokeh[version];
}

async function fetchLibrary(store: Store): Promise<Bokeh> {
  const packed = await new Promise<Uint8Array>((resolve, reject) => {
    store.ask("library", {}, (answer, buffers) => {
      const bytes = asBytes(buffers[0]);
      if (answer.ok && bytes) resolve(bytes);
      else reject(new Error(answer.ok ? "The kernel sent no BokehJS." : answer.error));
    });
  });
  const stream = new Blob([packed as BlobPart])
    .stream()
    .pipeThrough(new DecompressionStream("gzip"));
  const script = new Blob([await new Response(stream).arrayBuffer()], { type: "text/javascript" });
  await run(URL.createObjectURL(script));
  const page = window as unknown as Page;
  return (page.Bokeh?.[store.library] ?? page.Bokeh) as Bokeh;
}

function run(url: string): Promise<void> {
  const element = document.createElement("script");
  return new Promise<void>((resolve, reject) => {
    element.onload = () => resolve();
    element.onerror = () => reject(new Error("The page does not let BokehJS run."));
    element.src = url;
    document.head.append(element);
  }).finally(() => {
    URL.revokeObjectURL(url);
    element.remove();
  });
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
