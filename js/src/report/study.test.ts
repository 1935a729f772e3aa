import { describe, expect, it } from "vitest";
import type { Data } from "./data";
import { barColumns, cellColumns, inside, pointColumns } from "./points";
import { Study } from "./study";

const GOLD = [0, 1, 0.5, 0.5, 0.1];
const SCORE = [0.875, 0.25, 0.75, 0.375, 0.1];

function data(changes: Partial<Data> = {}): Data {
  const texts = ["never", "always", "maybe", "often", "twice"];
  return {
    hasGold: true,
    frame: { low: 0, high: 1, edges: [-1, -0.5, 0, 0.5, 1], columns: 10, rows: 4, points: true },
    gold: Float32Array.from(GOLD),
    score: Float32Array.from(SCORE),
    pairs: texts.map((a, place) => ({
      place,
      row: 40 + place,
      a,
      b: `${a} b`,
      star: place === 3,
      tag: place === 1 ? "negation" : "",
    })),
    words: [{ a: "not", b: "never", places: [0, 2] }],
    figures: {},
    views: new Map(),
    ...changes,
  };
}

const rows = (study: Study) => study.listed.value.map(({ row }) => row);

describe("a report's study", () => {
  it("begins with all pairs and looks at the first", () => {
    const study = new Study(data());
    expect(rows(study)).toEqual([40, 41, 42, 43, 44]);
    expect(study.current.value).toBe(0);
    expect(study.selective.value).toBe(false);
    expect(study.marks).toBe(2);
    const differences = SCORE.map((score, place) => score - (GOLD[place] ?? 0));
    const sizes = differences.map(Math.abs);
    const mean = (values: number[]) => values.reduce((sum, each) => sum + each, 0) / values.length;
    expect(study.chosen.value.error).toBeCloseTo(mean(differences), 6);
    expect(study.chosen.value.size).toBeCloseTo(mean(sizes), 6);
  });

  it("keeps the pairs that meet all conditions", () => {
    const study = new Study(data());
    study.span.value = [0, 0.9];
    expect(rows(study)).toEqual([40, 42, 44]);
    study.words.value = 0;
    expect(rows(study)).toEqual([40, 42]);
    study.region.value = [
      [0.4, 0.5],
      [0.6, 0.5],
      [0.6, 1],
      [0.4, 1],
    ];
    expect(rows(study)).toEqual([42]);
    study.marked.value = true;
    expect(rows(study)).toEqual([]);
    study.clear();
    expect(rows(study)).toHaveLength(5);
    study.marked.value = true;
    expect(rows(study)).toEqual([41, 43]);
  });

  it("counts pairs whose texts it does not have and leaves them out of the list", () => {
    const study = new Study(data({ pairs: data().pairs.slice(0, 1) }));
    study.span.value = [-1, 1];
    expect(study.chosen.value.places).toHaveLength(5);
    expect(rows(study)).toEqual([40]);
  });

  it("steps within the list and stops at its ends", () => {
    const study = new Study(data());
    study.step(-1);
    expect(study.current.value).toBe(0);
    study.step(2);
    expect(study.current.value).toBe(2);
    study.step(Number.POSITIVE_INFINITY);
    expect(study.current.value).toBe(4);
    study.marked.value = true;
    study.step(1);
    expect(study.current.value).toBe(1);
  });

  it("selects scores where there is no gold", () => {
    const study = new Study(data({ hasGold: false, gold: new Float32Array(5).fill(Number.NaN) }));
    study.span.value = [0.3, 0.8];
    expect(rows(study)).toEqual([42, 43]);
  });
});

describe("what the figures draw", () => {
  it("has a point for each pair, coloured by its error", () => {
    expect(pointColumns(data(), [1])).toEqual({ x: [1], y: [0.25], d: [-0.75] });
  });

  it("counts pairs in the bins of their errors", () => {
    const { n, top, left, right } = barColumns(data(), [0, 1, 2, 3, 4]);
    expect(n).toEqual([1, 1, 2, 1]);
    expect(top).toEqual([0.5, 0.5, 1, 0.5]);
    expect([left?.[0], right?.[3]]).toEqual([-1, 1]);
    expect(barColumns(data(), []).n).toEqual([0, 0, 0, 0]);
  });

  it("counts pairs in cells whose middles are the steps of gold", () => {
    const { x, y, n } = cellColumns(data(), [2, 2, 3]);
    expect(x).toEqual([0.5, 0.5]);
    expect(y).toEqual([0.875, 0.375]);
    expect(n).toEqual([2, 1]);
  });

  it("knows what is inside a polygon that turns back on itself", () => {
    const arrow: [number, number][] = [
      [0, 0],
      [4, 0],
      [4, 4],
      [2, 1],
      [0, 4],
    ];
    expect(inside(arrow, 2, 0.5)).toBe(true);
    expect(inside(arrow, 2, 2)).toBe(false);
    expect(inside(arrow, 0.5, 2)).toBe(true);
    expect(inside(arrow, 5, 1)).toBe(false);
  });
});
