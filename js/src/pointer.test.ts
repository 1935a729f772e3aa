import { beforeEach, describe, expect, it } from "vitest";
import { FINAL, kernel, open, store, withStore } from "./testing/bench";
import { noise, pack, type Row, words } from "./testing/pack";

withStore();

describe("cursor and pins", () => {
  const rows = words("the kit tens", true);
  const columns = words("a cat", true);
  const word: Row[] = [
    ["[CLS]", null, null, "special", [0]],
    ["the", 0, 3, "text", [1]],
    ["kittens", 4, 12, "text", [2, 3]],
    ["[SEP]", null, null, "special", [4]],
  ];
  const matrix = noise(20, 3);
  const bytes = pack({
    rows,
    columns,
    matrix,
    units: { word: { a: word, b: columns, cell_error: null } },
  });

  beforeEach(() => {
    open({ _frame: new DataView(bytes.buffer) });
    kernel.answer("hello", { running: false, job: null });
  });

  it("moves within the shown tokens, leaving out special ones", () => {
    store.move(1, 0);
    expect(store.cursor.value).toEqual({ row: 1, column: 1 });
    store.move(-1, -1);
    expect(store.cursor.value).toEqual({ row: 1, column: 1 });
    store.move(9, 9);
    expect(store.cursor.value).toEqual({ row: 3, column: 2 });
    store.special.value = true;
    store.move(9, 9);
    expect(store.cursor.value).toEqual({ row: 4, column: 3 });
  });

  it("takes over from a mouse that rests", () => {
    store.hover.value = { row: 3, column: 2 };
    store.move(1, 0);
    expect(store.hover.value).toEqual({ row: null, column: null });
    expect(store.readout.value).toMatch(/^the × a: /);
  });

  it("goes through the cells by strength, in a circle", () => {
    const ranked = [...(store.picture.value?.ranked ?? [])];
    for (const cell of [...ranked, ranked[0] ?? 0]) {
      store.nextStrongest(1);
      expect(store.cursor.value).toEqual({ row: Math.floor(cell / 4), column: cell % 4 });
    }
    store.nextStrongest(-1);
    const last = ranked.at(-1) ?? 0;
    expect(store.cursor.value).toEqual({ row: Math.floor(last / 4), column: last % 4 });
  });

  it("stays on its token when the unit changes, and pins keep their sums", () => {
    store.cursor.value = { row: 3, column: 2 };
    store.pinCell({ row: 3, column: 2 }, "set");
    store.pinCell({ row: 2, column: 2 }, "extend");
    const sum = store.pinSums.value[0]?.effect;
    expect(sum).toBeCloseTo((matrix[14] ?? 0) + (matrix[10] ?? 0), 12);
    store.cycleUnit();
    expect(store.unit.value).toBe("word");
    expect(store.cursor.value).toEqual({ row: 2, column: 2 });
    expect(store.pinSums.value).toMatchObject([{ effect: sum, labelA: "kit tens", rows: [2] }]);
    store.cycleUnit();
    expect(store.unit.value).toBe("token");
  });

  it("reaches Python as finest indices, and Python's pins are shown", () => {
    store.unit.value = "word";
    store.pinCell({ row: 2, column: 1 }, "set");
    expect(kernel.get("pins")).toEqual([{ a: [2, 3], b: [1] }]);
    kernel.set("pins", [{ a: [1], b: [] }]);
    expect(store.pinSums.value).toMatchObject([{ labelA: "the", labelB: "all of B" }]);
    store.unpin(0);
    expect(kernel.get("pins")).toEqual([]);
  });

  it("lets pins go whose text changed", () => {
    kernel.set("pins", [
      { a: [1], b: [] },
      { a: [], b: [1] },
      { a: [1], b: [1] },
    ]);
    kernel.tell({ kind: "started", job: 4, settings: {} });
    kernel.frame(4, pack({ rows, columns: words("a dog", true) }), FINAL);
    expect(store.pins.value).toEqual([{ a: [1], b: [] }]);
  });

  it("keeps pins that come with a change of text, before its picture", () => {
    kernel.set("pins", [{ a: [], b: [2] }]);
    kernel.set("text_b", "a dog");
    kernel.tell({ kind: "started", job: 4, settings: {} });
    kernel.set("pins", [{ a: [2], b: [1] }]);
    kernel.frame(4, pack({ rows, columns: words("a dog", true) }));
    expect(store.pins.value).toEqual([{ a: [2], b: [1] }]);
    kernel.tell({ kind: "started", job: 5, settings: {} });
    kernel.frame(5, bytes, FINAL);
    expect([store.pins.value, kernel.get("pins")]).toEqual([[], []]);
  });

  it("lets pins go that were put on an old picture after the job was cancelled", () => {
    kernel.tell({ kind: "started", job: 4, settings: {} });
    kernel.tell({ kind: "cancelled", job: 4 });
    store.pinCell({ row: 2, column: 2 }, "set");
    kernel.tell({ kind: "started", job: 5, settings: {} });
    kernel.frame(5, pack({ rows, columns: words("a dog", true) }), FINAL);
    expect(store.pins.value).toEqual([]);
  });

  it("reads out the cell, the token, the block and the pins", () => {
    expect(store.readout.value).toBe("");
    store.hover.value = { row: 2, column: 2 };
    expect(store.readout.value).toMatch(
      /^kit × cat: [+−]\.\d+, .*% of the similarity, rank \d of 6\.$/,
    );
    store.hover.value = { row: 1, column: null };
    expect(store.readout.value).toMatch(/^the: .* with all of B, .* against the reference of B\.$/);
    store.hover.value = { row: null, column: null };
    store.block.value = { rows: [2, 1], columns: [1, 2] };
    expect(store.readout.value).toMatch(/^the kit × a cat: /);
    expect(store.blockSum.value?.effect).toBeCloseTo(
      [5, 6, 9, 10].reduce((sum, cell) => sum + (matrix[cell] ?? 0), 0),
      12,
    );
    store.pinBlock({ rows: [1, 2], columns: [1, 2] });
    store.clear();
    expect([store.readout.value, store.pins.value, store.block.value]).toEqual(["", [], null]);
  });
});
