import type { ReadonlySignal, Signal } from "@preact/signals";

export type Unit = "token" | "word" | "sentence" | "spans";
export type Role = "text" | "special" | "prompt";
export type Side = "a" | "b";
export type Method = "attribution" | "deletion";
export type Similarity = "cosine" | "dot";
export type View = "matrix" | "links" | "pairs" | "compare";
export type Theme = "light" | "dark";
export type ThemeChoice = "auto" | Theme;
export type ExportFormat = "html" | "svg" | "pdf" | "png" | "tex" | "csv" | "json";
export type PinMode = "set" | "add" | "extend";

export const RULES = [
  "adaptive",
  "calibrated",
  "gauss-legendre",
  "midpoint",
  "trapezoid",
  "right-riemann",
] as const;
export type Rule = (typeof RULES)[number];

/** One row or column; `members` are indices of the frame's finest unit. */
export interface Token {
  text: string;
  start: number | null;
  end: number | null;
  role: Role;
  members: number[];
}

/** `score = base + tokensA + tokensB + pairs + residual`. */
export interface Ledger {
  score: number;
  base: number;
  tokensA: number;
  tokensB: number;
  pairs: number;
  residual: number;
}

/** How exact a result is; numbers are null where the method measures none. */
export interface Certificate {
  relativeResidual: number | null;
  converged: boolean | null;
  stepsA: number;
  stepsB: number;
  message: string;
  sentence: string;
}

/** One unit of a frame: its rows, its columns, and the error of its cells where it is known. */
export interface FrameUnit {
  unit: Unit;
  a: Token[];
  b: Token[];
  cellError: number | null;
  standardError: Float32Array | null;
}

/** What the computation was asked to do, as the frame reports it. */
export interface FrameSettings {
  model: string;
  layer: number;
  layers: number;
  baseline: string;
}

export type Direction = "ltr" | "rtl";

/** One result as it came from Python; arrays are in the finest unit, `units[0]`. */
export interface Frame {
  method: Method;
  textA: string;
  textB: string;
  units: FrameUnit[];
  matrix: Float32Array;
  effectsA: Float32Array | null;
  effectsB: Float32Array | null;
  folded: Float32Array | null;
  ledger: Ledger;
  similarity: Similarity;
  scales: Partial<Record<Similarity, number>>;
  scores: Partial<Record<Similarity, number>>;
  settings: FrameSettings;
  certificate: Certificate;
  progress: number;
  history: [number, number][];
  referenceDominates: boolean;
  notes: string[];
  directionA: Direction;
  directionB: Direction;
}

/** What of a frame is looked at. */
export interface PictureOptions {
  unit: Unit;
  folded: boolean;
  similarity: Similarity;
}

/** A frame in the chosen unit, fold and similarity. */
export interface Picture {
  frame: Frame;
  unit: Unit;
  folded: boolean;
  similarity: Similarity;
  rows: Token[];
  columns: Token[];
  /** R×C, row-major. */
  values: Float64Array;
  rowSums: Float64Array;
  columnSums: Float64Array;
  /** Token effects; zeros when folded and for a method that has none. */
  effectsA: Float64Array;
  effectsB: Float64Array;
  /** The error of each cell: the larger of twice its standard error and the cell error. */
  error: Float64Array | null;
  /** Whether the cell lies within its error of zero. */
  uncertain(cell: number): boolean;
  ledger: Ledger;
  /** Cells by |value|, largest first, without special rows and columns. */
  ranked: Uint32Array;
  /** Rank of a cell, from 1; 0 in special rows and columns. */
  rank(cell: number): number;
  largest: number;
  measure: "similarity" | "dot product";
}

/** The main picture minus the other, by equal tokens or by common words. */
export interface Difference {
  rows: Token[];
  columns: Token[];
  values: Float64Array;
  largest: number;
  ledger: Ledger;
  /** Whether the two pictures have opposite signs there. */
  flips(cell: number): boolean;
}

export interface Cell {
  row: number;
  column: number;
}

export interface Hover {
  row: number | null;
  column: number | null;
}

/** Rows and columns from first to last, both included, in the shown unit. */
export interface Block {
  rows: [number, number];
  columns: [number, number];
}

/** A pinned pair: finest indices of either side; an empty side stands for the whole side. */
export interface Pin {
  a: number[];
  b: number[];
}

/** The exact sum of a block of cells and its share of the score (NaN for a score of 0). */
export interface BlockSum {
  labelA: string;
  labelB: string;
  effect: number;
  share: number;
}

/** The sum of a pin, with the shown rows and columns that it touches. */
export interface PinSum extends BlockSum {
  pin: Pin;
  rows: number[];
  columns: number[];
}

export type Status =
  | { kind: "settled" }
  | { kind: "stale" }
  | { kind: "waiting"; message: string }
  | { kind: "running"; fraction: number; remaining: number | null }
  | { kind: "cancelled" }
  | { kind: "failed"; message: string }
  | { kind: "offline" };

/** The other attribution of a comparison. */
export interface Compare {
  baseline?: string;
  layer?: number;
  text_b?: string;
  method?: "deletion";
  model?: string;
}

/** The computation settings that the controls show, pending or current. */
export interface Settings {
  textA: string;
  textB: string;
  layer: number;
  baseline: string;
  rule: Rule;
  steps: number;
  tolerance: number;
  references: number;
  compare: Compare | null;
}

/** The diverging colours of one theme. */
export interface Palette {
  /** 256 × 3 bytes; entry 128 is 0, 255 is +limit, 0 is −limit. */
  table: Uint8Array;
  color(value: number, limit: number): string;
  /** A text colour that is readable on `color(value, limit)`. */
  ink(value: number, limit: number): string;
}

export interface Choices {
  layers: ReadonlySignal<number>;
  baselines: ReadonlySignal<string[]>;
  /** The step counts there are; null where any number can be asked for. */
  steps: ReadonlySignal<number[] | null>;
  /** The layers there are; null where any layer of the model can be asked for. */
  layerList: ReadonlySignal<number[] | null>;
  live: ReadonlySignal<boolean>;
  units: ReadonlySignal<Unit[]>;
  similarities: ReadonlySignal<Similarity[]>;
}

/** Everything the views read and do. */
export interface Store {
  modelName: ReadonlySignal<string>;
  frame: ReadonlySignal<Frame | null>;
  other: ReadonlySignal<Frame | null>;
  picture: ReadonlySignal<Picture | null>;
  otherPicture: ReadonlySignal<Picture | null>;
  difference: ReadonlySignal<Difference | null>;
  limit: ReadonlySignal<number>;
  settings: { readonly [Name in keyof Settings]: ReadonlySignal<Settings[Name]> };
  choices: Choices;
  similarity: Signal<Similarity>;
  unit: Signal<Unit>;
  folded: Signal<boolean>;
  view: Signal<View>;
  topK: Signal<number>;
  threshold: Signal<number>;
  special: Signal<boolean>;
  lockedLimit: Signal<number | null>;
  themeChoice: Signal<ThemeChoice>;
  status: ReadonlySignal<Status>;
  /** Whether the picture does not belong to the settings that the controls show. */
  stale: ReadonlySignal<boolean>;
  /** The job whose result is shown; null for a stored one. */
  job: ReadonlySignal<number | string | null>;
  history: ReadonlySignal<[number, number][]>;
  hover: Signal<Hover>;
  cursor: Signal<Cell | null>;
  block: Signal<Block | null>;
  blockSum: ReadonlySignal<BlockSum | null>;
  pins: Signal<Pin[]>;
  pinSums: ReadonlySignal<PinSum[]>;
  visible: ReadonlySignal<(cell: number) => boolean>;
  /** Whether what is not pinned fades. */
  focused: ReadonlySignal<boolean>;
  /** The most that cells or links may take down, in pixels; 0 for the usual. */
  tallest: Signal<number>;
  readout: ReadonlySignal<string>;
  theme: ReadonlySignal<Theme>;
  palette: ReadonlySignal<Palette>;
  /** The formats that `exportAs` can ask for. */
  exports: ReadonlySignal<ExportFormat[]>;
  change(settings: Partial<Settings>): void;
  cancel(): void;
  exportAs(format: ExportFormat): void;
  /** Whether there is a story that slides can be added to. */
  tells: boolean;
  /** Add what is shown to the story. */
  capture(): void;
  /** What became of it, for a while. */
  captured: ReadonlySignal<string>;
  pinCell(cell: Cell, mode: PinMode): void;
  pinToken(side: Side, index: number, mode: PinMode): void;
  pinBlock(block: Block): void;
  unpin(index: number): void;
  clear(): void;
  move(rows: number, columns: number): void;
  nextStrongest(step: 1 | -1): void;
  cycleUnit(): void;
  dispose(): void;
}
