import { expect, it } from "vitest";
import {
  compact,
  decimalsFor,
  duration,
  effect,
  firstDigit,
  label,
  percent,
  signed,
  term,
  visible,
} from "./text";

it("writes cells without a leading zero and nothing for what rounds to 0", () => {
  expect([compact(0.1702, 2), compact(-0.17, 2), compact(0.001, 2), compact(1.25, 1)]).toEqual([
    ".17",
    "−.17",
    "",
    "1.3",
  ]);
});

it("writes terms to three decimals or to their first digit", () => {
  expect([0.6143, 0.00031, 0, -1.9756, 0.0000042].map(term)).toEqual([
    "0.614",
    "0.0003",
    "0.000",
    "−1.976",
    "4e−6",
  ]);
});

it("writes effects with their sign, a zero without", () => {
  expect([signed(0.1702, 3), signed(-0.0001, 3), effect(0.17), effect(-0.0152), effect(0)]).toEqual(
    ["+0.170", "0.000", "+.170", "−.015", ".000"],
  );
});

it("writes shares as whole per cent", () => {
  expect([0.277, -0.02, -0.001, Number.NaN].map(percent)).toEqual([
    "28\u202f%",
    "−2\u202f%",
    "0\u202f%",
    "–",
  ]);
});

it("gives the largest cell two digits", () => {
  expect([0.17, 0.052, 2.6, 0, 1e-9].map(decimalsFor)).toEqual([2, 3, 1, 2, 6]);
});

it("writes magnitudes and durations shortly", () => {
  expect([0.0003, 3e-7, 0.02, 12].map(firstDigit)).toEqual(["0.0003", "3e−7", "0.02", "10"]);
  expect([0.2, 4.4, 130].map(duration)).toEqual(["<1\u202fs", "4\u202fs", "2\u202fmin"]);
});

it("makes visible every character that acts on its surroundings", () => {
  expect(visible("a\u0000b\u202ec\u2028\u0085\ud800\ufffe\n")).toBe("a␀b⟨RLO⟩c⟨LS⟩���\n");
  expect(visible("<img onerror=alert(1)>")).toBe("<img onerror=alert(1)>");
});

it("labels white space and invisible characters", () => {
  expect([label("two\nlines"), label(" "), label(""), label("\u200b"), label("שלום")]).toEqual([
    "two␊lines",
    "␣",
    "␣",
    "⟨U+200B⟩",
    "שלום",
  ]);
});
