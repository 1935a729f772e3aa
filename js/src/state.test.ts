import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createStore } from "./state";
import { TestKernel } from "./testing/kernel";
import { noise, pack, type Row, words } from "./testing/pack";
import type { Store } from "./types";

const FINAL = { final: true, fraction: 1, remaining: 0 };

let kernel: TestKernel;
let store: Store;

function open(traits: Record<string, unknown> = {}): void {
  kernel = new TestKernel({ _frame: new DataView(numbered(1).buffer), ...traits });
  store = createStore(kernel);
}

/** A frame that is recognised by its first cell. */
function numbered(number: number, header: Record<string, unknown> = {}): Uint8Array<ArrayBuffer> {
  return pack({ matrix: [number, 0.5, 0.25, 0, -0.5, 0], header });
}

function shownNumber(): number | undefined {
  return store.picture.value?.values[0];
}

function idle(): void {
  open();
  kernel.answer("hello", { running: false, job: null });
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  store.dispose();
  vi.useRealTimers();
});

describe("at the start", () => {
  it("shows what the notebook stored and asks what the kernel does", () => {
    open();
    expect(shownNumber()).toBe(1);
    expect(kernel.asked("hello")).toHaveLength(1);
    expect(store.status.value).toEqual({ kind: "settled" });
  });

  it("says after a second that the kernel does not answer, and shows the last result", () => {
    open();
    vi.advanceTimersByTime(999);
    expect(store.status.value.kind).toBe("settled");
    vi.advanceTimersByTime(1);
    expect(store.status.value).toMatchObject({ kind: "waiting" });
    expect(shownNumber()).toBe(1);
    kernel.answer("hello", { running: false, job: null });
    expect(store.status.value.kind).toBe("settled");
  });

  it("follows a job that is running already", () => {
    open();
    kernel.answer("hello", { running: true, job: 3 });
    expect(store.status.value.kind).toBe("running");
    kernel.frame(3, numbered(7));
    expect(shownNumber()).toBe(7);
  });

  it("without an explainer is offline and asks nothing", () => {
    open({ live: false });
    expect(kernel.sent).toHaveLength(0);
    expect(store.status.value.kind).toBe("offline");
    vi.advanceTimersByTime(5000);
    expect(store.status.value.kind).toBe("offline");
  });

  it("is empty without a stored frame, until one comes", () => {
    open({ _frame: new DataView(new ArrayBuffer(0)) });
    expect(store.picture.value).toBeNull();
    kernel.set("_frame", new DataView(numbered(4).buffer));
    expect(shownNumber()).toBe(4);
  });
});

describe("changing a setting", () => {
  beforeEach(idle);

  it("shows it at once, marks the picture stale, and asks after a pause", () => {
    store.change({ layer: 3 });
    expect(store.settings.layer.value).toBe(3);
    expect(store.stale.value).toBe(true);
    expect(store.status.value.kind).toBe("stale");
    vi.advanceTimersByTime(149);
    expect(kernel.asked("compute")).toHaveLength(0);
    vi.advanceTimersByTime(1);
    expect(kernel.asked("compute")).toMatchObject([{ settings: { layer: 3 } }]);
  });

  it("asks once for a hundred rapid changes, with the last of each", () => {
    for (let steps = 1; steps <= 100; steps++) {
      store.change({ steps, rule: "calibrated" });
      vi.advanceTimersByTime(5);
    }
    vi.advanceTimersByTime(1000);
    expect(kernel.asked("compute")).toMatchObject([
      { settings: { steps: 100, rule: "calibrated" } },
    ]);
  });

  it("waits longer while text is typed", () => {
    store.change({ textA: "the do" });
    vi.advanceTimersByTime(300);
    store.change({ textA: "the dog" });
    vi.advanceTimersByTime(399);
    expect(kernel.asked("compute")).toHaveLength(0);
    vi.advanceTimersByTime(1);
    expect(kernel.asked("compute")).toMatchObject([{ settings: { text_a: "the dog" } }]);
  });

  it("does not ask for what is shown already", () => {
    store.change({ layer: 0 });
    vi.advanceTimersByTime(1000);
    expect(kernel.asked("compute")).toHaveLength(0);
    expect(store.status.value.kind).toBe("settled");
  });

  it("runs, paints partial results, and settles with the last", () => {
    store.change({ layer: 3 });
    vi.advanceTimersByTime(150);
    kernel.answer("compute", { job: 8 });
    expect(store.status.value).toEqual({ kind: "running", fraction: 0, remaining: null });
    kernel.tell({ kind: "progress", job: 8, fraction: 0.1, remaining: 9 });
    expect(store.status.value).toEqual({ kind: "running", fraction: 0.1, remaining: 9 });
    expect(store.stale.value).toBe(true);
    kernel.frame(8, numbered(2));
    expect([shownNumber(), store.stale.value, store.job.value]).toEqual([2, false, 8]);
    kernel.frame(8, numbered(3), FINAL);
    expect(shownNumber()).toBe(3);
    expect(store.status.value.kind).toBe("settled");
  });

  it("keeps its own value until Python agrees, and then Python's", () => {
    store.change({ baseline: "mask" });
    kernel.set("baseline", "pad");
    expect(store.settings.baseline.value).toBe("mask");
    vi.advanceTimersByTime(150);
    kernel.answer("compute", { job: 8 });
    expect(store.settings.baseline.value).toBe("pad");
    kernel.set("baseline", "unk");
    expect(store.settings.baseline.value).toBe("unk");
  });

  it("says in a sentence why Python refused, and keeps the picture", () => {
    store.change({ baseline: "nonsense" });
    vi.advanceTimersByTime(150);
    kernel.answer("compute", { ok: false, error: "Unknown baseline 'nonsense'." });
    expect(store.status.value).toEqual({ kind: "failed", message: "Unknown baseline 'nonsense'." });
    expect([shownNumber(), store.stale.value]).toEqual([1, true]);
    store.change({ layer: 2 });
    vi.advanceTimersByTime(150);
    expect(kernel.asked("compute").at(-1)).toMatchObject({ settings: { layer: 2 } });
  });

  it("is current when Python has nothing to compute", () => {
    store.change({ layer: 3 });
    vi.advanceTimersByTime(150);
    kernel.answer("compute", {});
    expect([store.status.value.kind, store.stale.value]).toEqual(["settled", false]);
  });

  it("can be cancelled before it was asked for", () => {
    store.change({ layer: 3 });
    store.cancel();
    vi.advanceTimersByTime(1000);
    expect(kernel.asked("compute")).toHaveLength(0);
    expect([store.status.value.kind, store.stale.value]).toEqual(["waiting", true]);
    kernel.answer("cancel", {});
    expect(store.status.value.kind).toBe("cancelled");
  });
});

describe("nothing stale is painted", () => {
  beforeEach(() => {
    idle();
    store.change({ layer: 3 });
    vi.advanceTimersByTime(150);
    kernel.answer("compute", { job: 8 });
    kernel.frame(8, numbered(2));
  });

  it("from the moment of a new change", () => {
    store.change({ layer: 4 });
    kernel.frame(8, numbered(3));
    expect(shownNumber()).toBe(2);
    vi.advanceTimersByTime(150);
    kernel.frame(8, numbered(3));
    kernel.set("_frame", new DataView(numbered(3).buffer));
    expect(shownNumber()).toBe(2);
    kernel.answer("compute", { job: 9 });
    kernel.frame(8, numbered(3));
    expect(shownNumber()).toBe(2);
    kernel.frame(9, numbered(4));
    expect(shownNumber()).toBe(4);
  });

  it("though the answer to a superseded request comes late", () => {
    store.change({ layer: 4 });
    vi.advanceTimersByTime(150);
    const late = kernel.asked("compute").at(-1)?.id;
    store.change({ layer: 5 });
    kernel.tell({ id: late, ok: true, job: 9 });
    kernel.frame(9, numbered(4), FINAL);
    expect([shownNumber(), store.status.value.kind]).toEqual([2, "stale"]);
    vi.advanceTimersByTime(150);
    expect(kernel.asked("compute").at(-1)).toMatchObject({ settings: { layer: 5 } });
    kernel.answer("compute", { job: 10 });
    kernel.frame(10, numbered(5), FINAL);
    expect([shownNumber(), store.status.value.kind]).toEqual([5, "settled"]);
  });

  it("while what comes before its answer is painted after it", () => {
    store.change({ layer: 4 });
    vi.advanceTimersByTime(150);
    kernel.tell({ kind: "started", job: 9, settings: {} });
    kernel.frame(9, numbered(4));
    kernel.frame(9, numbered(5), FINAL);
    expect(shownNumber()).toBe(2);
    kernel.answer("compute", { job: 9 });
    expect([shownNumber(), store.status.value.kind]).toEqual([5, "settled"]);
  });

  it("and answers to somebody else's requests change nothing", () => {
    kernel.tell({ id: 1, ok: true, job: 99 });
    kernel.frame(99, numbered(6));
    expect(shownNumber()).toBe(2);
    kernel.frame(8, numbered(3));
    expect(shownNumber()).toBe(3);
  });
});

describe("a job", () => {
  beforeEach(idle);

  it("that Python starts is followed", () => {
    kernel.set("layer", 5);
    kernel.tell({ kind: "started", job: 4, settings: { layer: 5 } });
    kernel.frame(4, numbered(2), FINAL);
    expect([shownNumber(), store.settings.layer.value]).toEqual([2, 5]);
  });

  it("that fails or is cancelled says so and keeps the picture", () => {
    kernel.tell({ kind: "started", job: 4, settings: {} });
    kernel.tell({ kind: "failed", job: 3, error: "An older one." });
    expect(store.status.value.kind).toBe("running");
    kernel.tell({ kind: "failed", job: 4, error: "It broke." });
    expect(store.status.value).toEqual({ kind: "failed", message: "It broke." });
    kernel.tell({ kind: "started", job: 5, settings: {} });
    store.cancel();
    kernel.tell({ kind: "cancelled", job: 5 });
    kernel.answer("cancel", {});
    expect(store.status.value).toEqual({ kind: "cancelled" });
    expect(shownNumber()).toBe(1);
  });

  it("is not finished before both sides of a comparison are", () => {
    kernel.set("compare", { baseline: "mask" });
    kernel.tell({ kind: "started", job: 4, settings: {} });
    kernel.frame(4, numbered(2), { ...FINAL, fraction: 0.5 });
    expect(store.status.value.kind).toBe("running");
    kernel.frame(4, numbered(3), { ...FINAL, slot: "other" });
    expect(store.status.value.kind).toBe("settled");
    expect(store.otherPicture.value?.values[0]).toBe(3);
    expect(store.difference.value?.values[0]).toBe(-1);
    kernel.set("compare", null);
    expect(store.otherPicture.value).toBeNull();
  });

  it("in silence is asked after, and a dead kernel is noticed", () => {
    kernel.tell({ kind: "started", job: 4, settings: {} });
    vi.advanceTimersByTime(1000);
    expect(kernel.asked("hello")).toHaveLength(2);
    kernel.answer("hello", { running: true, job: 4 });
    expect(store.status.value.kind).toBe("running");
    kernel.dead = true;
    vi.advanceTimersByTime(1000);
    expect(store.status.value.kind).toBe("waiting");
  });

  it("that goes on while the kernel is too busy to answer is followed", () => {
    kernel.tell({ kind: "started", job: 4, settings: {} });
    vi.advanceTimersByTime(2000);
    expect(store.status.value.kind).toBe("waiting");
    kernel.frame(4, numbered(2));
    expect([store.status.value.kind, shownNumber()]).toEqual(["running", 2]);
  });

  it("whose end was missed is over when the kernel says so", () => {
    kernel.tell({ kind: "started", job: 4, settings: {} });
    vi.advanceTimersByTime(1000);
    kernel.answer("hello", { running: false, job: 4 });
    expect(store.status.value.kind).toBe("settled");
    vi.advanceTimersByTime(5000);
    expect(kernel.asked("hello")).toHaveLength(2);
  });

  it("keeps the colours of the last final picture of the same texts", () => {
    expect(store.limit.value).toBe(1);
    kernel.tell({ kind: "started", job: 4, settings: {} });
    kernel.frame(4, numbered(3));
    expect(store.limit.value).toBe(1);
    kernel.frame(4, numbered(3), FINAL);
    expect(store.limit.value).toBe(3);
  });

  it("of other texts takes the largest range so far", () => {
    expect(store.limit.value).toBe(1);
    kernel.tell({ kind: "started", job: 4, settings: {} });
    for (const [number, limit] of [
      [3, 3],
      [2, 3],
      [5, 5],
      [4, 5],
    ] as const) {
      kernel.frame(4, numbered(number, { text_a: "the dog" }));
      expect(store.limit.value).toBe(limit);
    }
    kernel.frame(4, numbered(4, { text_a: "the dog" }), FINAL);
    expect(store.limit.value).toBe(4);
    store.lockedLimit.value = 0.2;
    expect(store.limit.value).toBe(0.2);
  });
});

describe("faults", () => {
  beforeEach(idle);

  it.each([
    ["no object", 7],
    ["an unknown kind", { kind: "surprise" }],
    ["no kind", {}],
    ["a prototype's name as kind", { kind: "constructor" }],
    ["missing fields", { kind: "frame", job: 1 }],
    ["an answer without ok", { id: 5 }],
    ["an id that is no number", { id: "5", ok: true }],
  ])("in a message (%s) become a sentence", (_, content) => {
    kernel.tell(content);
    expect(store.status.value).toMatchObject({
      kind: "failed",
      message: expect.stringMatching(
        /^The kernel sent a message that .*\. Shown is the last result\.$/,
      ),
    });
    expect(shownNumber()).toBe(1);
  });

  it("in a frame become a sentence, and the next good frame is painted", () => {
    kernel.tell({ kind: "started", job: 4, settings: {} });
    kernel.frame(4, numbered(2).slice(0, 100));
    expect(store.status.value.kind).toBe("failed");
    expect(shownNumber()).toBe(1);
    kernel.tell({
      kind: "frame",
      job: 4,
      slot: "main",
      final: false,
      fraction: 0.5,
      remaining: null,
    });
    expect(store.status.value).toMatchObject({
      message: expect.stringContaining("without its bytes"),
    });
    kernel.frame(4, numbered(3));
    expect([shownNumber(), store.status.value.kind]).toEqual([3, "running"]);
  });

  it("in the stored frame become a sentence", () => {
    store.dispose();
    open({ _frame: new DataView(new ArrayBuffer(50)) });
    expect(store.picture.value).toBeNull();
    expect(store.status.value.kind).toBe("failed");
  });

  it("in traits leave the default in place", () => {
    store.dispose();
    open({ unit: 7, pins: [{ a: [-1], b: [] }], top_k: "all", baselines: null });
    expect([store.unit.value, store.pins.value, store.topK.value]).toEqual(["token", [], 0]);
    kernel.set("unit", "letter");
    expect(store.unit.value).toBe("token");
  });
});

describe("traits that need no model", () => {
  beforeEach(idle);

  it("go both ways and are saved together", () => {
    kernel.set("folded", true);
    expect(store.picture.value?.folded).toBe(true);
    store.threshold.value = 0.1;
    store.threshold.value = 0.3;
    store.topK.value = 5;
    vi.advanceTimersByTime(100);
    expect([kernel.get("threshold"), kernel.get("top_k"), kernel.saves]).toEqual([0.3, 5, 1]);
    store.threshold.value = 0;
    expect(kernel.get("threshold")).toBe(0);
    expect(kernel.asked("compute")).toHaveLength(0);
  });

  it("filter cells by threshold and by rank", () => {
    const seen = () => [0, 1, 2, 3, 4, 5].filter((cell) => store.visible.value(cell));
    expect(seen()).toEqual([0, 1, 2, 3, 4, 5]);
    store.threshold.value = 0.5;
    expect(seen()).toEqual([0, 1, 4]);
    store.topK.value = 2;
    expect(seen()).toEqual([0, 1]);
  });

  it("choose the theme, or leave it to the host", () => {
    expect(store.theme.value).toBe("light");
    kernel.set("theme", "dark");
    expect(store.theme.value).toBe("dark");
  });
});

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

it("leaves nothing behind when it is disposed of", () => {
  idle();
  store.change({ layer: 3 });
  store.dispose();
  vi.advanceTimersByTime(5000);
  expect(kernel.asked("compute")).toHaveLength(0);
  expect(kernel.listeners).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});
