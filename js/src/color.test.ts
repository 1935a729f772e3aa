import { expect, it } from "vitest";
import { palettes, tableIndex } from "./color";

it("puts zero, nothing and no range on the pivot", () => {
  expect([tableIndex(0, 1), tableIndex(0.5, 0), tableIndex(Number.NaN, 1)]).toEqual([
    128, 128, 128,
  ]);
});

it("puts the ends of the range on the ends of the table and clips beyond", () => {
  expect([1, 7, -1, -7].map((value) => tableIndex(value, 1))).toEqual([255, 255, 0, 0]);
});

it("steps through the table symmetrically, halves to even as Python rounds", () => {
  for (let entry = 0; entry <= 127; entry++) {
    expect(tableIndex(entry / 127, 1)).toBe(128 + entry);
    if (entry) expect(tableIndex(-entry / 127, 1)).toBe(127 - entry);
  }
  expect([tableIndex(0.5, 127), tableIndex(1.5, 127), tableIndex(2.5, 127)]).toEqual([
    128, 130, 130,
  ]);
});

it("reads the light table first and then the dark one", () => {
  const bytes = Uint8Array.from({ length: 2 * 768 }, (_, i) => (i < 768 ? 10 : 200));
  const { light, dark } = palettes(bytes);
  expect([light.color(1, 1), dark.color(1, 1)]).toEqual(["rgb(10, 10, 10)", "rgb(200, 200, 200)"]);
  expect([light.ink(1, 1), dark.ink(1, 1)]).toEqual(["#ffffff", "#1c2028"]);
});

it("still tells signs apart when the tables did not arrive", () => {
  const { light } = palettes(new Uint8Array(5));
  expect(light.color(0, 1)).toBe("rgb(255, 255, 255)");
  expect(light.color(1, 1)).not.toBe(light.color(-1, 1));
});
