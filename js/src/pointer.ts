import { batch, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { carry } from "./navigation";
import type { Block, Cell, Hover, Picture, Pin, Side } from "./types";

/** Over no row and no column. */
export const NOWHERE: Hover = { row: null, column: null };

/** Where the mouse, the keyboard and a dragged rectangle are. */
export interface Pointer {
  hover: Signal<Hover>;
  cursor: Signal<Cell | null>;
  block: Signal<Block | null>;
}

export function pointerSignals(): Pointer {
  return {
    hover: signal(NOWHERE),
    cursor: signal(null),
    block: signal(null),
  };
}

/**
 * Keep the cursor on its token when the picture changes; let pins of tokens that are gone go.
 * Pins that come while a picture is awaited are meant for it.
 */
export function keepPlace(
  picture: ReadonlySignal<Picture | null>,
  { hover, cursor, block }: Pointer,
  pins: Signal<Pin[]>,
  awaited: ReadonlySignal<boolean>,
): () => void {
  let then: Picture | null = null;
  let standing: Pin[] = [];
  return effect(() => {
    const now = picture.value;
    const [before, old] = [then, standing];
    then = now ?? before;
    if (!awaited.value) standing = pins.value;
    if (!now || !before) return;
    const [sameA, sameB] = [sameTokens(before, now, "a"), sameTokens(before, now, "b")];
    if (sameA && sameB && now.unit === before.unit) return;
    batch(() => {
      hover.value = NOWHERE;
      block.value = null;
      cursor.value = sameA && sameB ? carry(cursor.peek(), before, now) : null;
      const gone = ({ a, b }: Pin) => (!sameA && a.length > 0) || (!sameB && b.length > 0);
      const kept = pins.peek().filter((pin) => !old.includes(pin) || !gone(pin));
      if (kept.length < pins.peek().length) pins.value = kept;
    });
  });
}

function sameTokens(one: Picture, two: Picture, side: Side): boolean {
  const texts = ({ frame }: Picture) =>
    JSON.stringify(frame.units[0]?.[side].map(({ text }) => text));
  return one.frame === two.frame || texts(one) === texts(two);
}
