import { type Bokeh, type FigureModel, type Plot, unpacked } from "../bokeh";
import { bytesOf } from "./data";

/** What the report uses of a BokehJS model. */
export interface Model extends FigureModel<Model> {
  document: { get_model_by_name(name: string): Model | null };
  on_event(kind: string, react: (event: never) => void): void;
  data: Record<string, number[]>;
  visible: boolean;
  left: number;
  right: number;
  xs: number[];
  ys: number[];
}

type Library = Bokeh<Model>;

/** A figure in the page. */
export type Figure = Plot<Model>;

/** Unpack BokehJS, which the page's policy knows by its hash, and run it. */
export async function unpack(page: Document): Promise<Library> {
  const packed = bytesOf(page.getElementById("siamviz-bokeh")?.textContent ?? "");
  const script = page.createElement("script");
  script.textContent = await unpacked(packed).text();
  page.head.append(script);
  const bokeh = (window as unknown as { Bokeh?: Library }).Bokeh;
  if (!bokeh) throw new Error("BokehJS did not run.");
  return bokeh;
}
