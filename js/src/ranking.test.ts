import { expect, it } from "vitest";
import { rankCells, ranks } from "./ranking";
import { noise } from "./testing/pack";
import type { Token } from "./types";

const tokens = (roles: string): Token[] =>
  Array.from(roles, (role, i) => ({
    text: `t${i}`,
    start: null,
    end: null,
    role: role === "s" ? "special" : "text",
    members: [i],
  }));

function slowly(values: Float64Array, rows: Token[], columns: Token[]): number[] {
  const cells: number[] = [];
  rows.forEach((row, r) => {
    columns.forEach((column, c) => {
      if (row.role === "text" && column.role === "text") cells.push(r * columns.length + c);
    });
  });
  const size = (cell: number) => Math.abs(values[cell] ?? 0);
  return cells.sort((one, two) => size(two) - size(one) || one - two);
}

it("orders as a comparison sort does, ties by place, special tokens left out", () => {
  const [rows, columns] = [tokens("sttttttts"), tokens("stttttts")];
  for (let seed = 1; seed < 30; seed++) {
    const values = Float64Array.from(noise(72, seed), (v) =>
      seed % 2 ? v : Math.round(4 * v) / 4,
    );
    expect([...rankCells(values, rows, columns)]).toEqual(slowly(values, rows, columns));
  }
});

it("tells apart numbers that are equal in float32", () => {
  const values = Float64Array.from([0.1, 0.1 + 1e-12, 0.1 - 1e-12, -0.1 - 1e-11]);
  expect([...rankCells(values, tokens("tt"), tokens("tt"))]).toEqual([3, 1, 0, 2]);
});

it("counts ranks from 1 and gives special cells none", () => {
  const [rows, columns] = [tokens("st"), tokens("tts")];
  const values = Float64Array.from([9, 9, 9, 1, -2, 9]);
  expect([...ranks(rankCells(values, rows, columns), 6)]).toEqual([0, 0, 0, 2, 1, 0]);
});

it("ranks the largest matrix there is", () => {
  const [rows, columns] = [tokens("t".repeat(512)), tokens("t".repeat(512))];
  const values = Float64Array.from(noise(512 * 512), (v, i) => v + i * 1e-9);
  const ranked = rankCells(values, rows, columns);
  const sizes = Array.from(ranked, (cell) => Math.abs(values[cell] ?? 0));
  expect(sizes.every((size, i) => i === 0 || size <= (sizes[i - 1] ?? 0))).toBe(true);
  expect(new Set(ranked).size).toBe(512 * 512);
});
