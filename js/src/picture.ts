import { rankCells, ranks } from "./ranking";
import type { Frame, FrameUnit, Ledger, Picture, PictureOptions, Similarity, Token } from "./types";
import { at, margins, sumMembers, sumUnits } from "./units";

/** Return `frame` in the chosen unit, fold and similarity, as far as the frame has them. */
export function picture(frame: Frame, options: PictureOptions): Picture {
  const shown = availableUnit(frame, options.unit);
  const { a: rows, b: columns } = shown;
  const folded = options.folded && frame.folded !== null;
  const scale = scaleTo(frame, options.similarity);
  const similarity = frame.scales[options.similarity] ? options.similarity : frame.similarity;
  const source = (folded && frame.folded) || frame.matrix;
  const width = frame.units[0]?.b.length ?? 0;
  const values = scaled(sumUnits({ values: source, width }, rows, columns), scale);
  const [rowSums, columnSums] = margins({ values, width: columns.length });
  const effects = (finest: Float32Array | null, tokens: Token[]) =>
    finest && !folded ? scaled(sumMembers(finest, tokens), scale) : new Float64Array(tokens.length);
  const error = folded ? null : cellErrors(shown, values.length, scale);
  const order = once(() => rankCells(values, rows, columns));
  const places = once(() => ranks(order(), values.length));
  return {
    frame,
    unit: shown.unit,
    folded,
    similarity,
    rows,
    columns,
    values,
    rowSums,
    columnSums,
    effectsA: effects(frame.effectsA, rows),
    effectsB: effects(frame.effectsB, columns),
    error,
    uncertain: (cell) => error !== null && Math.abs(at(values, cell)) <= at(error, cell),
    ledger: folded
      ? foldedLedger(frame, similarity, scale, rowSums)
      : scaledLedger(frame, similarity, scale),
    get ranked() {
      return order();
    },
    rank: (cell) => at(places(), cell),
    largest: largest(values),
    measure: similarity === "dot" ? "dot product" : "similarity",
  };
}

/** Return the frame's entry for `unit`, or for its finest if it has no such unit. */
function availableUnit(frame: Frame, unit: string): FrameUnit {
  const found = frame.units.find((entry) => entry.unit === unit) ?? frame.units[0];
  return found ?? { unit: "token", a: [], b: [], cellError: null, standardError: null };
}

/** Return the factor from the frame's own similarity to another; 1 if it has no other. */
export function scaleTo(frame: Frame, similarity: Similarity): number {
  const [own, wanted] = [frame.scales[frame.similarity], frame.scales[similarity]];
  return own && wanted ? wanted / own : 1;
}

/** Return the largest magnitude. */
export function largest(values: Float64Array): number {
  let most = 0;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return most;
}

function scaled(values: Float64Array, scale: number): Float64Array {
  for (let i = 0; scale !== 1 && i < values.length; i++) values[i] = scale * at(values, i);
  return values;
}

function cellErrors(unit: FrameUnit, size: number, scale: number): Float64Array | null {
  const { standardError, cellError } = unit;
  if (standardError === null && cellError === null) return null;
  const errors = new Float64Array(size).fill(scale * (cellError ?? 0));
  for (let cell = 0; standardError && cell < size; cell++) {
    errors[cell] = Math.max(at(errors, cell), 2 * scale * at(standardError, cell));
  }
  return errors;
}

function scaledLedger(frame: Frame, similarity: Similarity, scale: number): Ledger {
  const { base, tokensA, tokensB, pairs, residual } = frame.ledger;
  return {
    score: frame.scores[similarity] ?? frame.ledger.score * scale,
    base: base * scale,
    tokensA: tokensA * scale,
    tokensB: tokensB * scale,
    pairs: pairs * scale,
    residual: residual * scale,
  };
}

/** In the folded matrix the pairs carry the reference terms too. */
function foldedLedger(
  frame: Frame,
  similarity: Similarity,
  scale: number,
  rowSums: Float64Array,
): Ledger {
  const pairs = rowSums.reduce((sum, value) => sum + value, 0);
  return { ...scaledLedger(frame, similarity, scale), base: 0, tokensA: 0, tokensB: 0, pairs };
}

function once<T>(compute: () => T): () => T {
  let value: { of: T } | undefined;
  return () => {
    value ??= { of: compute() };
    return value.of;
  };
}
