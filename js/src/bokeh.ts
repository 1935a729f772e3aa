/** What siamviz uses of BokehJS, whose models are of type M. */
export interface Bokeh<M> {
  embed: { embed_item(item: unknown, target: Element): Promise<Manager<M>> };
}

interface Manager<M> {
  roots: { model: M & { document: { get_model_by_name(name: string): M | null } } }[];
  clear(): void;
}

/** What siamviz uses of a figure's own model. */
export interface FigureModel<M> {
  active_drag: unknown;
  toolbar: M;
  inner_width: number;
  inner_height: number;
  x_range: { start: number; end: number };
  y_range: { start: number; end: number };
}

/** How many pixels a unit takes in a figure. */
export function scales<M>(figure: FigureModel<M>): { across: number; up: number } {
  const { x_range, y_range } = figure;
  return {
    across: figure.inner_width / (x_range.end - x_range.start),
    up: figure.inner_height / (y_range.end - y_range.start),
  };
}

/** A figure in the page. */
export interface Plot<M> {
  root: M;
  find(name: string): M | null;
  remove(): void;
}

/** Unpack what Python packed with gzip. */
export function unpacked(packed: Uint8Array): Response {
  const stream = new Blob([packed as BlobPart]).stream();
  return new Response(stream.pipeThrough(new DecompressionStream("gzip")));
}

/** Show a figure inside `target`. */
export async function embed<M>(bokeh: Bokeh<M>, item: unknown, target: Element): Promise<Plot<M>> {
  const manager = await bokeh.embed.embed_item(item, target);
  const model = manager.roots[0]?.model;
  if (!model) throw new Error("BokehJS showed no figure.");
  return {
    root: model,
    find: (name) => model.document.get_model_by_name(name),
    remove: () => manager.clear(),
  };
}
