import { describe, expect, it } from "vitest";
import { decode } from "./decode";
import { listPairs, topPairs } from "./pairlist";
import { picture } from "./picture";
import { noise, pack, words } from "./testing/pack";

const rows = words("the dog runs far", true);
const columns = words("a cat sleeps", true);
const frame = decode(pack({ rows, columns, matrix: noise(rows.length * columns.length, 7) }));
const shown = picture(frame, { unit: "token", folded: false, similarity: "cosine" });
const width = shown.columns.length;
const all = () => true;
const value = (cell: number) => shown.values[cell] ?? 0;
const row = (cell: number) => Math.floor(cell / width);
const byRank = { key: "size", reversed: false } as const;

function ascending(numbers: number[]): boolean {
  return numbers.every((number, index) => index === 0 || number >= (numbers[index - 1] ?? number));
}

describe("the list of pairs", () => {
  it("has every pair of text tokens once, the strongest first", () => {
    const cells = Array.from(listPairs(shown, all, "", byRank));
    expect(new Set(cells).size).toBe(4 * 3);
    expect(ascending(cells.map((cell) => -Math.abs(value(cell))))).toBe(true);
  });

  it("is sorted by any column, either way", () => {
    const sorted = (key: "effect" | "a" | "b", reversed = false) =>
      Array.from(listPairs(shown, all, "", { key, reversed }));
    expect(ascending(sorted("effect").map((cell) => -value(cell)))).toBe(true);
    expect(ascending(sorted("effect", true).map(value))).toBe(true);
    expect(ascending(sorted("a").map(row))).toBe(true);
    expect(ascending(sorted("b").map((cell) => cell % width))).toBe(true);
  });

  it("keeps the pairs in which either word contains the sought text, whatever its case", () => {
    const found = Array.from(listPairs(shown, all, " CAT ", byRank));
    const column = shown.columns.findIndex(({ text }) => text === "cat");
    expect(found.map((cell) => cell % width)).toEqual(Array(4).fill(column));
    expect(listPairs(shown, all, "zebra", byRank)).toHaveLength(0);
  });

  it("leaves out what is filtered away", () => {
    const few = listPairs(shown, (cell) => value(cell) > 0, "", byRank);
    expect(Array.from(few).every((cell) => value(cell) > 0)).toBe(true);
  });
});

describe("the strongest pairs", () => {
  it("come with the most negative one of the others", () => {
    const { top, lowest } = topPairs(shown, (cell) => value(cell) > 0 || cell % 2 === 0, 2);
    expect(top).toHaveLength(2);
    if (lowest !== null) expect(value(lowest)).toBeLessThan(0);
    const negative = shown.ranked.find((cell) => value(cell) < 0 && cell % 2 === 0);
    expect([lowest, ...top]).toContain(negative ?? null);
  });
});
