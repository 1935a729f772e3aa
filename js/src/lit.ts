import { NOWHERE } from "./pointer";
import type { Marks } from "./scene";
import type { Hover, Picture, Side, Store, Token } from "./types";

/** A token of one text alone. */
export function tokenPlace(side: Side, index: number | null): Hover {
  return side === "a" ? { row: index, column: null } : { row: null, column: index };
}

/** Tell the store what the pointer is on. */
export function look(store: Store, { row, column }: Hover): void {
  const before = store.hover.peek();
  if (before.row !== row || before.column !== column) store.hover.value = { row, column };
}

/** The events of an element that stands for a place in the matrix. */
export function pointing(store: Store, place: Hover) {
  return {
    onPointerEnter: () => look(store, place),
    onPointerLeave: () => look(store, NOWHERE),
  };
}

/** What is looked at: where the pointer is, else where the keyboard is. */
export function lit(store: Store): Hover {
  const hover = store.hover.value;
  if (hover.row !== null || hover.column !== null) return hover;
  return store.cursor.value ?? hover;
}

/** What the matrix marks. */
export function marks(store: Store): Marks {
  const place = lit(store);
  const hover = store.hover.value;
  return {
    row: place.row,
    column: place.column,
    keyboard: hover.row === null && hover.column === null && store.cursor.value !== null,
    pins: store.pinSums.value,
    block: store.block.value,
    focused: store.focused.value,
  };
}

/** The text that a token covers as it was typed, else the name that the model has for it. */
export function wording(token: Token, text: string): string {
  if (token.start === null || token.end === null) return token.text;
  return text.slice(token.start, token.end) || token.text;
}

/** The size of the strongest pair of text tokens. */
export function strongest({ values, ranked }: Picture): number {
  return Math.abs(values[ranked[0] ?? -1] ?? 0);
}

/** The largest effect of a single row or column. */
export function largestSum(picture: Picture): number {
  const most = (sums: Float64Array, tokens: Token[]) =>
    tokens.reduce(
      (top, token, index) =>
        token.role === "text" ? Math.max(top, Math.abs(sums[index] ?? 0)) : top,
      0,
    );
  return Math.max(most(picture.rowSums, picture.rows), most(picture.columnSums, picture.columns));
}
