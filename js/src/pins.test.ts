import { describe, expect, it } from "vitest";
import { decode } from "./decode";
import { picture } from "./picture";
import { addPin, blockPin, cellPin, extendPin, fits, sumOfBlock, sumPin, tokenPin } from "./pins";
import { noise, pack, type Row, words } from "./testing/pack";

const rows = words("the dog runs far", true);
const columns = words("a cat sleeps", true);
const matrix = noise(rows.length * columns.length, 4);
const WORDS: Row[] = [
  ["[CLS]", null, null, "special", [0]],
  ["the dog", 0, 7, "text", [1, 2]],
  ["runs far", 8, 16, "text", [3, 4]],
  ["[SEP]", null, null, "special", [5]],
];
const word = { a: WORDS, b: columns, cell_error: null };
const frame = decode(pack({ rows, columns, matrix, units: { word } }));
const shown = picture(frame, { unit: "token", folded: false, similarity: "cosine" });
const byWord = picture(frame, { unit: "word", folded: false, similarity: "cosine" });

function slowSum(a: number[], b: number[]): number {
  let sum = 0;
  for (const i of a) for (const j of b) sum += matrix[i * columns.length + j] ?? 0;
  return sum;
}

describe("sums", () => {
  it("are exact over any set of tokens, whatever the unit shown", () => {
    const pin = { a: [1, 3], b: [2, 3] };
    for (const picture of [shown, byWord]) {
      expect(sumPin(pin, picture).effect).toBeCloseTo(slowSum([1, 3], [2, 3]), 12);
    }
    const { share, effect } = sumPin(pin, shown);
    expect(share).toBeCloseTo(effect / shown.ledger.score, 12);
  });

  it("take an empty side for the whole side", () => {
    const sum = sumPin({ a: [2], b: [] }, shown);
    expect(sum.effect).toBeCloseTo(shown.rowSums[2] ?? 0, 12);
    expect([sum.labelA, sum.labelB]).toEqual(["dog", "all of B"]);
    expect(sumPin({ a: [], b: [1] }, shown).effect).toBeCloseTo(shown.columnSums[1] ?? 0, 12);
  });

  it("follow fold and similarity", () => {
    const dot = picture(frame, { unit: "token", folded: true, similarity: "dot" });
    const folded = noise(rows.length * columns.length, 3);
    expect(sumPin({ a: [1], b: [2] }, dot).effect).toBeCloseTo(40 * (folded[7] ?? 0), 9);
  });

  it("name the text they cover, with an ellipsis where it has gaps", () => {
    expect(sumPin({ a: [1, 2], b: [0, 1] }, shown)).toMatchObject({
      labelA: "the dog",
      labelB: "[CLS] a",
      rows: [1, 2],
    });
    expect(sumPin({ a: [1, 4], b: [1] }, byWord)).toMatchObject({
      labelA: "the … far",
      rows: [1, 2],
    });
  });

  it("of a dragged block do not depend on its direction", () => {
    const block = { rows: [3, 1], columns: [3, 2] } as {
      rows: [number, number];
      columns: [number, number];
    };
    const { effect, labelA } = sumOfBlock(block, shown);
    expect(effect).toBeCloseTo(slowSum([1, 2, 3], [2, 3]), 12);
    expect(labelA).toBe("the dog runs");
  });
});

describe("pins", () => {
  const one = cellPin({ row: 1, column: 1 }, shown);
  const two = cellPin({ row: 2, column: 3 }, shown);

  it("replace one another, and go when they are set again", () => {
    expect(addPin([], one, "set")).toEqual([one]);
    expect(addPin([one], two, "set")).toEqual([two]);
    expect(addPin([two], two, "set")).toEqual([]);
  });

  it("are added and taken away one by one", () => {
    expect(addPin([one], two, "add")).toEqual([one, two]);
    expect(addPin([one, two], one, "add")).toEqual([two]);
  });

  it("pair a token of one side with one of the other", () => {
    const [a, b] = [tokenPin("a", 1, shown), tokenPin("b", 2, shown)];
    expect(addPin([a], b, "set")).toEqual([{ a: [1], b: [2] }]);
    expect(addPin([b], a, "set")).toEqual([{ a: [1], b: [2] }]);
    expect(addPin([a], tokenPin("a", 2, shown), "set")).toEqual([{ a: [2], b: [] }]);
  });

  it("extend to the span between them, in the unit shown", () => {
    expect(extendPin([one], two, shown)).toEqual([{ a: [1, 2], b: [1, 2, 3] }]);
    expect(extendPin([{ a: [4], b: [] }], tokenPin("a", 1, byWord), byWord)).toEqual([
      { a: [1, 2, 3, 4], b: [] },
    ]);
    expect(extendPin([{ a: [4], b: [] }], tokenPin("b", 1, shown), shown)).toEqual([
      { a: [4], b: [1] },
    ]);
  });

  it("hold the finest tokens of a block of words", () => {
    expect(blockPin({ rows: [1, 2], columns: [1, 1] }, byWord)).toEqual({
      a: [1, 2, 3, 4],
      b: [1],
    });
  });

  it("that a frame does not have do not fit it", () => {
    expect(fits({ a: [6], b: [1] }, shown)).toBe(false);
    expect(fits({ a: [], b: [] }, shown)).toBe(false);
    expect(fits({ a: [5], b: [] }, shown)).toBe(true);
  });
});
