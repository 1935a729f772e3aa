import { expect, it } from "vitest";
import { decode } from "./decode";
import { difference } from "./difference";
import { picture } from "./picture";
import { noise, pack, type Row, words } from "./testing/pack";
import type { PictureOptions } from "./types";

const PLAIN: PictureOptions = { unit: "token", folded: false, similarity: "cosine" };

function shown(a: string, b: string, seed: number, options = PLAIN) {
  const [rows, columns] = [words(a), words(b)];
  const matrix = noise(rows.length * columns.length, seed);
  const word = { a: rows, b: columns, cell_error: null };
  return picture(decode(pack({ rows, columns, matrix, units: { word } })), options);
}

it("subtracts cell by cell where the tokens are equal, and marks opposite signs", () => {
  const [one, two] = [shown("a b c", "d e", 1), shown("a b c", "d e", 9)];
  const result = difference(one, two);
  expect(result?.rows.map(({ text }) => text)).toEqual(["a", "b", "c"]);
  one.values.forEach((value, cell) => {
    const other = two.values[cell] ?? 0;
    expect(result?.values[cell]).toBeCloseTo(value - other, 12);
    expect(result?.flips(cell)).toBe(value * other < 0);
  });
});

it("matches common words by text and occurrence and gathers the rest", () => {
  const [one, two] = [shown("the cat the mat", "x y", 1), shown("the dog the cat", "x y", 9)];
  const result = difference(one, two);
  expect(result?.rows.map(({ text }) => text)).toEqual(["the", "cat", "the", "(other)"]);
  expect(result?.columns.map(({ text }) => text)).toEqual(["x", "y"]);
  const places = [
    [0, 0],
    [1, 3],
    [2, 2],
    [3, 1],
  ];
  places.forEach(([first = 0, second = 0], row) => {
    for (const column of [0, 1]) {
      const slow = (one.values[first * 2 + column] ?? 0) - (two.values[second * 2 + column] ?? 0);
      expect(result?.values[row * 2 + column]).toBeCloseTo(slow, 12);
    }
  });
});

it("adds up to the difference of the sums and of the scores", () => {
  const [one, two] = [shown("one two three", "x y z", 1), shown("two four", "z q", 9)];
  const result = difference(one, two);
  const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0);
  expect(sum(result?.values ?? [])).toBeCloseTo(sum(one.values) - sum(two.values), 12);
  expect(result?.ledger.score).toBeCloseTo(one.ledger.score - two.ledger.score, 12);
});

it("goes over to words where tokens differ and there are words", () => {
  const rows = words("kit tens run");
  const word: Row[] = [
    ["kittens", 0, 8, "text", [0, 1]],
    ["run", 9, 12, "text", [2]],
  ];
  const columns = words("x");
  const frame = (matrix: number[], finest: Row[], larger: Row[]) =>
    decode(
      pack({
        rows: finest,
        columns,
        matrix,
        units: { word: { a: larger, b: columns, cell_error: null } },
      }),
    );
  const one = picture(frame([1, 2, 4], rows, word), PLAIN);
  const whole = words("kittens run");
  const two = picture(frame([0.5, 0.25], whole, whole), PLAIN);
  const result = difference(one, two);
  expect(result?.rows.map(({ text }) => text)).toEqual(["kittens", "run"]);
  expect([...(result?.values ?? [])]).toEqual([2.5, 3.75]);
});

it("is nothing where similarities, folds or units have nothing in common", () => {
  const one = shown("a b", "c", 1);
  expect(difference(one, shown("a b", "c", 2, { ...PLAIN, folded: true }))).toBeNull();
  expect(difference(one, shown("a b", "c", 2, { ...PLAIN, similarity: "dot" }))).toBeNull();
  const bare = picture(decode(pack({ rows: words("q"), columns: words("c") })), PLAIN);
  expect(difference(one, bare)).toBeNull();
});
