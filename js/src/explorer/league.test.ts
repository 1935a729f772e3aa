import { describe, expect, it } from "vitest";
import { arrange } from "./league";
import type { WordPair } from "./protocol";

function pair(a: string, b: string, n: number, harm: number): WordPair {
  const estimate = { value: harm, low: null, high: null };
  return { a, b, count: n, effect: estimate, error: estimate, harm };
}

const PAIRS = [
  pair("cat", "dog", 5, 0.3),
  pair("happy", "not", 41, 0.1),
  pair("a", "the", 9, -0.2),
];
const words = (pairs: WordPair[]) => pairs.map(({ a }) => a);

describe("the table of word pairs", () => {
  it("is ordered by a column, either way", () => {
    expect(words(arrange(PAIRS, "", { key: "harm", up: false }))).toEqual(["cat", "happy", "a"]);
    expect(words(arrange(PAIRS, "", { key: "count", up: false }))).toEqual(["happy", "a", "cat"]);
    expect(words(arrange(PAIRS, "", { key: "pair", up: true }))).toEqual(["a", "cat", "happy"]);
  });

  it("is searched for one word or for both, in any order and case", () => {
    const order = { key: "harm", up: false } as const;
    expect(words(arrange(PAIRS, "HAPP", order))).toEqual(["happy"]);
    expect(words(arrange(PAIRS, " not × happy", order))).toEqual(["happy"]);
    expect(arrange(PAIRS, "not cat", order)).toEqual([]);
  });

  it("leaves what it was given as it is", () => {
    const before = [...PAIRS];
    arrange(PAIRS, "", { key: "count", up: true });
    expect(PAIRS).toEqual(before);
  });
});
