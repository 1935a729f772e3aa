import type { Cell, Picture, Token } from "./types";
import { at } from "./units";

/** Return the cell that lies `rows` down and `columns` right among those shown, at most the edge. */
export function step(
  shown: Picture,
  from: Cell | null,
  rows: number,
  columns: number,
  special: boolean,
): Cell | null {
  const down = shownPlaces(shown.rows, special);
  const right = shownPlaces(shown.columns, special);
  if (!down.length || !right.length) return null;
  if (!from) return { row: at(down, 0), column: at(right, 0) };
  return { row: moved(down, from.row, rows), column: moved(right, from.column, columns) };
}

/** Return the next strongest visible cell after `from`, or the one before it, in a circle. */
export function nextByRank(
  shown: Picture,
  from: Cell | null,
  direction: 1 | -1,
  visible: (cell: number) => boolean,
): Cell | null {
  const width = shown.columns.length;
  const count = shown.ranked.length;
  const rank = from ? shown.rank(from.row * width + from.column) : 0;
  let place = rank > 0 ? rank - 1 : direction > 0 ? -1 : count;
  for (let tried = 0; tried < count; tried++) {
    place = (place + direction + count) % count;
    const cell = at(shown.ranked, place);
    if (visible(cell)) return { row: Math.floor(cell / width), column: cell % width };
  }
  return null;
}

/** Return the cell of `to` that holds what `cell` of `from` starts with; null if none does. */
export function carry(cell: Cell | null, from: Picture, to: Picture): Cell | null {
  if (!cell) return null;
  const row = holder(to.rows, from.rows[cell.row]);
  const column = holder(to.columns, from.columns[cell.column]);
  return row < 0 || column < 0 ? null : { row, column };
}

function holder(tokens: Token[], wanted: Token | undefined): number {
  const member = wanted?.members[0] ?? -1;
  return tokens.findIndex((token) => token.members.includes(member));
}

/** Return the indices of the tokens that are shown. */
export function shownPlaces(tokens: Token[], special: boolean): number[] {
  return tokens.flatMap((token, place) => (special || token.role === "text" ? [place] : []));
}

function moved(places: number[], from: number, by: number): number {
  const nearest = places.findIndex((place) => place >= from);
  const place = nearest < 0 ? places.length - 1 : nearest;
  return at(places, Math.min(Math.max(place + by, 0), places.length - 1));
}
