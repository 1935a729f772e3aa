import { describe, expect, it } from "vitest";
import { decode } from "./decode";
import { picture } from "./picture";
import { headerOf, noise, pack, type Row, words } from "./testing/pack";
import type { PictureOptions } from "./types";

const PLAIN: PictureOptions = { unit: "token", folded: false, similarity: "cosine" };
const rows = words("the kit ten s run", true);
const columns = words("a cat is out", true);
const matrix = noise(rows.length * columns.length, 11);
/** Words out of the order of their first tokens, as spans may come. */
const WORD_ROWS: Row[] = [
  ["[CLS]", null, null, "special", [0]],
  ["kittens", 4, 13, "text", [2, 4, 3]],
  ["the", 0, 3, "text", [1]],
  ["run", 14, 17, "text", [5]],
  ["[SEP]", null, null, "special", [6]],
];
const WORD_COLUMNS: Row[] = [
  ["[CLS]", null, null, "special", [0]],
  ["a cat", 0, 5, "text", [1, 2]],
  ["is out", 6, 12, "text", [3, 4]],
  ["[SEP]", null, null, "special", [5]],
];
const word = { a: WORD_ROWS, b: WORD_COLUMNS, cell_error: 0.05 };
const frame = decode(pack({ rows, columns, matrix, units: { word } }));

function slowSum(values: number[], a: number[], b: number[]): number {
  return a.reduce(
    (sum, i) => sum + b.reduce((s, j) => s + (values[i * columns.length + j] ?? 0), 0),
    0,
  );
}

describe("picture", () => {
  it("sums tokens into words as a slow double sum does", () => {
    const shown = picture(frame, { ...PLAIN, unit: "word" });
    expect(shown.unit).toBe("word");
    WORD_ROWS.forEach(([, , , , a], r) => {
      WORD_COLUMNS.forEach(([, , , , b], c) => {
        expect(shown.values[r * 4 + c]).toBeCloseTo(slowSum(matrix, a, b), 12);
      });
      const token = a.reduce((sum, i) => sum + (noise(rows.length, 5)[i] ?? 0), 0);
      expect(shown.effectsA[r]).toBeCloseTo(token, 12);
      expect(shown.rowSums[r]).toBeCloseTo(slowSum(matrix, a, [0, 1, 2, 3, 4, 5]), 12);
    });
    WORD_COLUMNS.forEach(([, , , , b], c) => {
      expect(shown.columnSums[c]).toBeCloseTo(slowSum(matrix, [0, 1, 2, 3, 4, 5, 6], b), 12);
    });
  });

  it("adds up to the score in every unit and similarity", () => {
    for (const unit of ["token", "word"] as const) {
      for (const similarity of ["cosine", "dot"] as const) {
        const shown = picture(frame, { unit, folded: false, similarity });
        const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
        const { score, base, residual } = shown.ledger;
        const tokens = sum(shown.effectsA) + sum(shown.effectsB);
        expect(base + tokens + sum(shown.values) + residual).toBeCloseTo(score, 9);
      }
    }
  });

  it("multiplies every term by the ratio of the scales", () => {
    const header = {
      similarity: "dot",
      scales: { cosine: 0.5, dot: 2 },
      scores: { cosine: 7, dot: 28 },
    };
    const dot = decode(pack({ rows, columns, matrix, header }));
    const shown = picture(dot, PLAIN);
    expect(shown.measure).toBe("similarity");
    expect(shown.ledger.score).toBe(7);
    expect(shown.ledger.base).toBe(0.25 / 4);
    shown.values.forEach((value, cell) => {
      expect(value).toBeCloseTo((matrix[cell] ?? 0) / 4, 12);
    });
    expect(picture(dot, { ...PLAIN, similarity: "dot" }).values[3]).toBe(matrix[3]);
  });

  it("folds: the folded matrix, no token effects, no known error", () => {
    const shown = picture(frame, { ...PLAIN, unit: "word", folded: true });
    const folded = noise(rows.length * columns.length, 3);
    expect(shown.values[1 * 4 + 2]).toBeCloseTo(slowSum(folded, [2, 3, 4], [3, 4]), 12);
    expect([...shown.effectsA, ...shown.effectsB].every((effect) => effect === 0)).toBe(true);
    const { base, tokensA, tokensB, pairs } = shown.ledger;
    expect([base, tokensA, tokensB]).toEqual([0, 0, 0]);
    expect(pairs).toBeCloseTo(slowSum(folded, [0, 1, 2, 3, 4, 5, 6], [0, 1, 2, 3, 4, 5]), 12);
    expect(shown.error).toBeNull();
    expect(shown.uncertain(0)).toBe(false);
  });

  it("falls back to what the frame has", () => {
    const header = { scales: { cosine: 1 }, scores: { cosine: 1 }, method: "deletion" };
    const arrays = {
      matrix: [
        [2, 3],
        [1, 2, 3, 4, 5, 6],
      ] as [number[], number[]],
    };
    const shown = picture(decode(pack({ header, arrays })), {
      unit: "sentence",
      folded: true,
      similarity: "dot",
    });
    expect([shown.unit, shown.folded, shown.similarity]).toEqual(["token", false, "cosine"]);
    expect([...shown.effectsA]).toEqual([0, 0]);
  });

  it("takes the larger of twice the standard error and the cell error", () => {
    const header = headerOf({});
    const units = header.units as { token: Record<string, unknown> };
    units.token.cell_error = 0.3;
    const arrays: Record<string, [number[], number[]]> = {
      matrix: [
        [2, 3],
        [0.25, -0.3, 0.31, 1, -1.9, 2],
      ],
      effects_a: [[2], [0, 0]],
      effects_b: [[3], [0, 0, 0]],
      error_token: [
        [2, 3],
        [0, 0, 0, 0.5, 1, 1],
      ],
    };
    const shown = picture(decode(pack({ header, arrays })), PLAIN);
    expect(Array.from({ length: 6 }, (_, cell) => shown.uncertain(cell))).toEqual([
      true,
      false, // −0.3 is farther from 0 than 0.3 once it is rounded to float32
      false,
      true,
      true,
      true,
    ]);
    const dot = picture(decode(pack({ header, arrays })), { ...PLAIN, similarity: "dot" });
    expect(dot.error?.[4]).toBeCloseTo(80, 9);
  });

  it("ranks by magnitude without special tokens and knows the largest of all", () => {
    const shown = picture(frame, PLAIN);
    const sizes = Array.from(shown.ranked, (cell) => Math.abs(shown.values[cell] ?? 0));
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
    expect(shown.ranked).toHaveLength(5 * 4);
    expect(shown.rank(0)).toBe(0);
    expect(shown.rank(shown.ranked[2] ?? -1)).toBe(3);
    expect(shown.largest).toBe(Math.max(...matrix.map(Math.abs)));
  });
});
