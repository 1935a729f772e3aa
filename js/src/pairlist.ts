import { label } from "./text";
import type { Picture } from "./types";

export type SortKey = "size" | "effect" | "a" | "b";

/** An order of the table: by which column, and whether its usual direction is turned. */
export interface Order {
  key: SortKey;
  reversed: boolean;
}

/** Return the visible cells whose tokens contain the sought text, in an order. */
export function listPairs(
  picture: Picture,
  visible: (cell: number) => boolean,
  sought: string,
  order: Order,
): Uint32Array {
  const width = picture.columns.length;
  const rows = matches(picture.rows, sought);
  const columns = matches(picture.columns, sought);
  const found = picture.ranked.filter(
    (cell) => visible(cell) && (rows[Math.floor(cell / width)] || columns[cell % width]),
  );
  const { values } = picture;
  if (order.key === "effect") found.sort((one, two) => (values[two] ?? 0) - (values[one] ?? 0));
  if (order.key === "a") found.sort((one, two) => one - two);
  if (order.key === "b") found.sort((one, two) => (one % width) - (two % width) || one - two);
  return order.reversed ? found.reverse() : found;
}

function matches(tokens: Picture["rows"], sought: string): boolean[] {
  const wanted = sought.trim().toLowerCase();
  return tokens.map(({ text }) => label(text).toLowerCase().includes(wanted));
}

/** Return the strongest visible cells, and after them the most negative one if it is not there. */
export function topPairs(
  picture: Picture,
  visible: (cell: number) => boolean,
  count: number,
): { top: number[]; lowest: number | null } {
  const top: number[] = [];
  for (const cell of picture.ranked) {
    if (top.length === count) break;
    if (visible(cell)) top.push(cell);
  }
  const { values } = picture;
  const lowest = picture.ranked.find((cell) => (values[cell] ?? 0) < 0 && visible(cell));
  return { top, lowest: lowest === undefined || top.includes(lowest) ? null : lowest };
}
