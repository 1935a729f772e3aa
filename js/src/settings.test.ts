import { beforeEach, describe, expect, it, vi } from "vitest";
import { FINAL, idle, kernel, numbered, shownNumber, store, withStore } from "./testing/bench";

withStore();

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
