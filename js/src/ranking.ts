import type { Token } from "./types";
import { at } from "./units";

const RADIX = 2048;

/** Return the cells by |value|, largest first, equal ones in order, without special tokens. */
export function rankCells(values: Float64Array, rows: Token[], columns: Token[]): Uint32Array {
  const cells = plainCells(rows, columns);
  const sizes = new Float64Array(cells.length);
  for (let i = 0; i < cells.length; i++) sizes[i] = Math.abs(at(values, at(cells, i)));
  const order = sortDescending(sizes);
  for (let i = 0; i < order.length; i++) order[i] = at(cells, at(order, i));
  return order;
}

/** Return the place of each cell in `ranked`, from 1; 0 for cells that are not in it. */
export function ranks(ranked: Uint32Array, size: number): Uint32Array {
  const places = new Uint32Array(size);
  for (let i = 0; i < ranked.length; i++) places[at(ranked, i)] = i + 1;
  return places;
}

function plainCells(rows: Token[], columns: Token[]): Uint32Array {
  const width = columns.length;
  const plain = columns.flatMap((token, column) => (token.role === "text" ? [column] : []));
  const starts = rows.flatMap((token, row) => (token.role === "text" ? [row * width] : []));
  const cells = new Uint32Array(starts.length * plain.length);
  let count = 0;
  for (const start of starts) for (const column of plain) cells[count++] = start + column;
  return cells;
}

/**
 * Sort by radix on the float32 bits, which order as the numbers do, then mend what float32 could
 * not tell apart: a comparison sort of 512 × 512 cells would take many frames.
 */
function sortDescending(sizes: Float64Array): Uint32Array {
  const keys = new Uint32Array(new Float32Array(sizes).buffer);
  let order = new Uint32Array(sizes.length);
  let spare = new Uint32Array(sizes.length);
  for (let i = 0; i < order.length; i++) order[i] = i;
  for (const shift of [0, 11, 22]) {
    pass(order, spare, keys, shift);
    [order, spare] = [spare, order];
  }
  mend(order, sizes);
  return order;
}

/** Sort `from` into `to` by one digit of the keys, largest first, equal ones in order. */
function pass(from: Uint32Array, to: Uint32Array, keys: Uint32Array, shift: number): void {
  const starts = new Uint32Array(RADIX + 1);
  for (let i = 0; i < from.length; i++) {
    const next = RADIX - ((at(keys, i) >>> shift) & (RADIX - 1));
    starts[next] = at(starts, next) + 1;
  }
  for (let i = 1; i < RADIX; i++) starts[i] = at(starts, i) + at(starts, i - 1);
  for (let i = 0; i < from.length; i++) {
    const place = at(from, i);
    const digit = RADIX - 1 - ((at(keys, place) >>> shift) & (RADIX - 1));
    const target = at(starts, digit);
    to[target] = place;
    starts[digit] = target + 1;
  }
}

function mend(order: Uint32Array, sizes: Float64Array): void {
  for (let i = 1; i < order.length; i++) {
    const place = at(order, i);
    const size = at(sizes, place);
    let j = i;
    for (; j > 0 && at(sizes, at(order, j - 1)) < size; j--) order[j] = at(order, j - 1);
    order[j] = place;
  }
}
