import { effect, type ReadonlySignal } from "@preact/signals";
import type { Store, Token } from "../types";

const WIDTH = 1280;
const HEIGHT = 720;
/** How much larger than in a notebook a view is on a stage of that size, as far as it fits. */
const LARGEST = 1.6;
/** By how much less where there is much to show. */
const STEPS = [1, 0.92, 0.84, 0.76, 0.68];
const COMPARING = 0.72;
const LEAST_CELL = 17;
const LEAST_LINE = 20;
const LEAST_HEIGHT = 60;
/** Bars, gaps and the slanted headings' ascent around the cells, in pixels. */
const AROUND = 76;

/** Keep a view as large as its stage allows; return what ends that. */
export function keepFitting(
  holder: HTMLElement,
  store: Store,
  size: ReadonlySignal<number>,
  controls: ReadonlySignal<boolean>,
): () => void {
  const view = holder.firstElementChild as HTMLElement;
  let waiting = 0;
  const arrange = () => {
    const [width, height] = [holder.clientWidth, holder.clientHeight];
    if (!width || !height) return;
    const stage = Math.min(width / WIDTH, height / (HEIGHT - 190));
    for (const step of store.view.peek() === "compare" ? [COMPARING] : STEPS) {
      const zoom = Math.max(0.5, stage * LARGEST * step * size.peek());
      view.style.zoom = String(zoom);
      view.style.height = `${height / zoom}px`;
      if (fits(view, store) || size.peek() > 1) break;
    }
  };
  const soon = () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(arrange);
  };
  const observer = new ResizeObserver(soon);
  observer.observe(holder);
  const stop = effect(() => {
    size.value;
    controls.value;
    store.picture.value;
    view.dataset.special = String(store.special.value);
    view.dataset.view = store.view.value;
    soon();
  });
  return () => {
    cancelAnimationFrame(waiting);
    observer.disconnect();
    stop();
  };
}

/** Give a matrix the height that is left; return whether the picture is readable in its room. */
function fits(view: HTMLElement, store: Store): boolean {
  const room = view.querySelector<HTMLElement>(".sv-main");
  const picture = store.picture.peek();
  const kind = store.view.peek();
  if (!room || !picture || kind === "pairs" || kind === "compare") return true;
  const count = (tokens: Token[]) => tokens.filter(({ role }) => role === "text").length;
  const [rows, columns] = [count(picture.rows), count(picture.columns)];
  if (kind === "links") {
    store.tallest.value = room.clientHeight - 12;
    return store.tallest.value >= LEAST_LINE * Math.max(rows, columns);
  }
  const longest = Math.max(0, ...picture.columns.map(({ text }) => Math.min(text.length, 15)));
  const height = room.clientHeight - AROUND - 6 * longest;
  store.tallest.value = Math.max(LEAST_HEIGHT, height);
  return height >= LEAST_CELL * rows;
}
