import type { Block, Palette } from "./types";

/** The matrix to draw; `rows` and `columns` are those of `values` that are shown, in order. */
export interface Scene {
  values: Float64Array;
  /** Columns of `values`. */
  stride: number;
  rows: number[];
  columns: number[];
  limit: number;
  decimals: number;
  palette: Palette;
  visible(cell: number): boolean;
  uncertain: ((cell: number) => boolean) | null;
  flips: ((cell: number) => boolean) | null;
  /** Positions before which a rule separates special tokens from text. */
  rowRules: number[];
  columnRules: number[];
  rowBars: Bars | null;
  columnBars: Bars | null;
}

/** What stands in a margin: sums of the matrix, and effects against the other's reference. */
export interface Bars {
  sums: Float64Array;
  effects: Float64Array;
}

/** What is marked, in positions among the shown rows and columns. */
export interface Marks {
  row: number | null;
  column: number | null;
  /** Whether the marked cell is the keyboard's. */
  keyboard: boolean;
  pins: { rows: number[]; columns: number[] }[];
  block: Block | null;
  /** Whether all but the pins fades. */
  focused: boolean;
}

/** Return the index in `values` of a shown row and column. */
export function cellAt(scene: Scene, row: number, column: number): number {
  return (scene.rows[row] ?? 0) * scene.stride + (scene.columns[column] ?? 0);
}
