import { isString } from "../guard";
import type { Slide } from "./data";

type Starter = Document & {
  startViewTransition?: (update: () => void) => { ready: Promise<void> };
};

/** Do `update`; between states of the same pair, let one picture become the other. */
export function change(from: Slide | null, to: Slide | undefined, update: () => void): void {
  const page = document as Starter;
  if (!from || !to || from === to || !samePair(from, to) || isCalm() || !page.startViewTransition) {
    update();
    return;
  }
  page.startViewTransition(update).ready.catch(() => {
    // The next one came before it began.
  });
}

function samePair({ state: one }: Slide, { state: two }: Slide): boolean {
  return isString(one.text_a) && one.text_a === two.text_a && one.text_b === two.text_b;
}

function isCalm(): boolean {
  return window.matchMedia?.("(prefers-reduced-motion: reduce)").matches ?? false;
}
