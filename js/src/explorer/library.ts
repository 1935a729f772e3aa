import { type Bokeh, type FigureModel, type Plot, unpacked } from "../bokeh";
import { asBytes } from "../guard";
import type { Store } from "./store";

/** The parts of BokehJS that the plots use. */
export interface Model extends FigureModel<Model> {
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
}

type Library = Bokeh<Model> & { [version: string]: unknown };

interface Page extends Window {
  Bokeh?: Library;
  siamvizBokeh?: Record<string, Promise<Library>>;
}

/** A figure in the page. */
export type Figure = Plot<Model>;

/** Return BokehJS of the version that Python has: the page's own, else Python's, loaded once. */
export function library(store: Store): Promise<Library> {
  const page = window as unknown as Page;
  const version = store.library;
  const there = page.Bokeh?.[version];
  if (there) return Promise.resolve(there as Library);
  page.siamvizBokeh ??= {};
  page.siamvizBokeh[version] ??= fetchLibrary(store).catch((error) => {
    delete page.siamvizBokeh?.[version];
    throw error;
  });
  return page.siamvizBokeh[version];
}

async function fetchLibrary(store: Store): Promise<Library> {
  const packed = await new Promise<Uint8Array>((resolve, reject) => {
    store.ask("library", {}, (answer, buffers) => {
      const bytes = asBytes(buffers[0]);
      if (answer.ok && bytes) resolve(bytes);
      else reject(new Error(answer.ok ? "The kernel sent no BokehJS." : answer.error));
    });
  });
  const script = new Blob([await unpacked(packed).arrayBuffer()], { type: "text/javascript" });
  await run(URL.createObjectURL(script));
  const page = window as unknown as Page;
  return (page.Bokeh?.[store.library] ?? page.Bokeh) as Library;
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
