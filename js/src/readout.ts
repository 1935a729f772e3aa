import { decimalsFor, effect, label, percent } from "./text";
import type { Block, BlockSum, Cell, Hover, Picture, PinSum } from "./types";
import { at } from "./units";

/** What the pointer, the keyboard and the pins point at. */
export interface Pointed {
  hover: Hover;
  cursor: Cell | null;
  block: Block | null;
  blockSum: BlockSum | null;
  pinSums: PinSum[];
}

/** Return the sentence on what is pointed at; empty if nothing is. */
export function readout(shown: Picture | null, pointed: Pointed): string {
  if (!shown) return "";
  const { row, column } = pointed.hover;
  const cell = row !== null && column !== null ? { row, column } : null;
  if (pointed.blockSum && (!cell || within(cell, pointed.block))) {
    return blockSentence(shown, pointed.blockSum);
  }
  if (cell) return cellSentence(shown, cell);
  if (row !== null) return rowSentence(shown, row);
  if (column !== null) return columnSentence(shown, column);
  if (pointed.cursor) return cellSentence(shown, pointed.cursor);
  return pointed.pinSums.map((sum) => blockSentence(shown, sum)).join(" ");
}

function within(cell: Cell, block: Block | null): boolean {
  return block !== null && between(cell.row, block.rows) && between(cell.column, block.columns);
}

function between(place: number, [one, two]: [number, number]): boolean {
  return place >= Math.min(one, two) && place <= Math.max(one, two);
}

function cellSentence(shown: Picture, { row, column }: Cell): string {
  const cell = row * shown.columns.length + column;
  const value = at(shown.values, cell);
  const pair = `${label(shown.rows[row]?.text ?? "")} × ${label(shown.columns[column]?.text ?? "")}`;
  const rank = shown.rank(cell);
  const place = rank ? `, rank ${rank} of ${shown.ranked.length}` : "";
  const doubt = shown.uncertain(cell) ? ", within its error of zero" : "";
  return `${pair}: ${amount(shown, value)}${place}${doubt}.`;
}

function rowSentence(shown: Picture, row: number): string {
  const name = label(shown.rows[row]?.text ?? "");
  return tokenSentence(shown, name, "B", at(shown.rowSums, row), at(shown.effectsA, row));
}

function columnSentence(shown: Picture, column: number): string {
  const name = label(shown.columns[column]?.text ?? "");
  const [sum, token] = [at(shown.columnSums, column), at(shown.effectsB, column)];
  return tokenSentence(shown, name, "A", sum, token);
}

function tokenSentence(
  shown: Picture,
  name: string,
  other: "A" | "B",
  sum: number,
  token: number,
): string {
  const against = token ? `, ${number(shown, token)} against the reference of ${other}` : "";
  return `${name}: ${amount(shown, sum)} with all of ${other}${against}.`;
}

function blockSentence(shown: Picture, sum: BlockSum): string {
  return `${sum.labelA} × ${sum.labelB}: ${amount(shown, sum.effect)}.`;
}

function amount(shown: Picture, value: number): string {
  const { score } = shown.ledger;
  const share = score ? `, ${percent(value / score)} of the ${shown.measure}` : "";
  return number(shown, value) + share;
}

function number(shown: Picture, value: number): string {
  return effect(value, Math.max(3, decimalsFor(shown.largest) + 1));
}
