import { beforeEach, describe, expect, it, vi } from "vitest";
import { idle, kernel, numbered, open, shownNumber, store, withStore } from "./testing/bench";

withStore();

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

it("leaves nothing behind when it is disposed of", () => {
  idle();
  store.change({ layer: 3 });
  store.dispose();
  vi.advanceTimersByTime(5000);
  expect(kernel.asked("compute")).toHaveLength(0);
  expect(kernel.listeners).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});
