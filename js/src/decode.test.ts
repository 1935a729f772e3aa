import { describe, expect, it } from "vitest";
import { decode, FrameError } from "./decode";
import { assemble, headerOf, pack, words } from "./testing/pack";

const MATRIX: [number[], number[]] = [
  [2, 3],
  [1, 2, 3, 4, 5, 6],
];

describe("decode", () => {
  it("reads every number of every array", () => {
    const frame = decode(pack({ matrix: [1, 2, 3, 4, 5, 6.5] }));
    expect([...frame.matrix]).toEqual([1, 2, 3, 4, 5, 6.5]);
    expect(frame.effectsA).toHaveLength(2);
    expect(frame.effectsB).toHaveLength(3);
    expect(frame.units[0]?.a.map(({ text }) => text)).toEqual(["the", "cat"]);
    expect(frame.certificate.stepsA).toBe(16);
  });

  it("reads a view into a larger buffer, at any offset", () => {
    const bytes = pack({ matrix: [1, 2, 3, 4, 5, 6] });
    for (const offset of [0, 1, 3, 8]) {
      const larger = new Uint8Array(bytes.length + offset + 5);
      larger.set(bytes, offset);
      const view = new DataView(larger.buffer, offset, bytes.length);
      expect([...decode(view).matrix]).toEqual([1, 2, 3, 4, 5, 6]);
    }
  });

  it("counts characters as JavaScript does, where Python counts code points", () => {
    const rows = words("a b");
    rows[0] = ["🐈", 0, 1, "text", [0]];
    rows[1] = ["cat", 2, 5, "text", [1]];
    const frame = decode(pack({ rows, header: { text_a: "🐈 cat" } }));
    const cut = frame.units[0]?.a.map(({ start, end }) => "🐈 cat".slice(start ?? 0, end ?? 0));
    expect(cut).toEqual(["🐈", "cat"]);
  });

  it("reads the deletion method, which has a matrix only", () => {
    const header = headerOf({ header: { method: "deletion" } });
    const frame = decode(assemble(header, { matrix: MATRIX }));
    expect(frame.effectsA).toBeNull();
    expect(frame.folded).toBeNull();
  });

  it("refuses every truncation with a sentence", () => {
    const bytes = pack();
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decode(bytes.slice(0, length))).toThrow(FrameError);
    }
  });

  it("refuses bytes beyond the end", () => {
    const bytes = new Uint8Array([...pack(), 0, 0, 0, 0]);
    expect(() => decode(bytes)).toThrow("bytes of numbers where");
  });

  it.each(Object.keys(headerOf({})))("refuses a header without %s", (name) => {
    const header = headerOf({ header: { [name]: undefined } });
    expect(() => decode(assemble(header, { matrix: MATRIX }))).toThrow(FrameError);
  });

  it.each([
    ["a version of the future", { version: 2 }, "Restart the kernel"],
    ["a token outside its text", { text_a: "t" }, "outside its text"],
    ["a score that is text", { ledger: { score: "1" } }, "ledger.score"],
    ["an unknown direction", { direction_a: "up" }, "direction_a"],
    ["an unknown unit", { unit: "letter" }, "“unit”"],
  ])("refuses %s", (_, header, sentence) => {
    expect(() => decode(pack({ header }))).toThrow(sentence);
  });

  it("refuses units that lose or repeat a row", () => {
    const unit = (members: number[][]) => ({
      a: members.map((list) => ["x", 0, 1, "text", list]),
      b: [["y", 0, 1, "text", [0, 1, 2]]],
      cell_error: null,
    });
    for (const members of [[[0]], [[0], [0, 1]], [[0, 1], [2]], [[0], [7]]]) {
      expect(() => decode(pack({ units: { word: unit(members) } }))).toThrow("do not divide");
    }
    expect(decode(pack({ units: { word: unit([[1, 0]]) } })).units).toHaveLength(2);
  });

  it("refuses numbers that are not finite and arrays of another shape", () => {
    const arrays = (matrix: [number[], number[]]) => ({
      matrix,
      effects_a: [[2], [1, 1]] as [number[], number[]],
      effects_b: [[3], [1, 1, 1]] as [number[], number[]],
    });
    expect(() =>
      decode(
        assemble(
          headerOf({}),
          arrays([
            [2, 3],
            [1, 2, 3, 4, 5, Number.NaN],
          ]),
        ),
      ),
    ).toThrow("not finite");
    expect(() =>
      decode(
        assemble(
          headerOf({}),
          arrays([
            [3, 2],
            [1, 2, 3, 4, 5, 6],
          ]),
        ),
      ),
    ).toThrow("shape 3 × 2");
    expect(() => decode(assemble(headerOf({}), {}))).toThrow("without its array");
  });
});
