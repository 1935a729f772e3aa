import { beforeEach, describe, expect, it, vi } from "vitest";
import {
  FINAL,
  idle,
  kernel,
  numbered,
  open,
  shownNumber,
  store,
  withStore,
} from "./testing/bench";

withStore();

describe("a job", () => {
  beforeEach(idle);

  it("that Python starts is followed", () => {
    kernel.set("layer", 5);
    kernel.tell({ kind: "started", job: 4, settings: { layer: 5 } });
    kernel.frame(4, numbered(2), FINAL);
    expect([shownNumber(), store.settings.layer.value]).toEqual([2, 5]);
  });

  it("that somebody else starts marks the picture until its first result", () => {
    kernel.tell({ kind: "started", job: 4, settings: {} });
    expect(store.stale.value).toBe(true);
    kernel.frame(4, numbered(2));
    expect(store.stale.value).toBe(false);
    store.dispose();
    open();
    kernel.answer("hello", { running: true, job: 5 });
    expect(store.stale.value).toBe(true);
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

  it("in silence is asked after once, and the silence is noticed again", () => {
    kernel.tell({ kind: "started", job: 4, settings: {} });
    vi.advanceTimersByTime(10_000);
    expect(kernel.asked("hello")).toHaveLength(2);
    kernel.frame(4, numbered(2));
    expect(store.status.value.kind).toBe("running");
    vi.advanceTimersByTime(1000);
    expect([kernel.asked("hello").length, store.status.value.kind]).toEqual([2, "waiting"]);
    kernel.answer("hello", { running: true, job: 4 });
    vi.advanceTimersByTime(1000);
    expect(kernel.asked("hello")).toHaveLength(3);
  });

  it("does not go back when its last result is sent again", () => {
    kernel.tell({ kind: "started", job: 4, settings: {} });
    kernel.frame(4, numbered(2));
    kernel.tell({ kind: "progress", job: 4, fraction: 0.8, remaining: 0.2 });
    const painted = store.frame.value;
    kernel.frame(4, numbered(2));
    expect(store.status.value).toEqual({ kind: "running", fraction: 0.8, remaining: 0.2 });
    expect(store.frame.value).toBe(painted);
  });

  it("whose end was missed leaves what the notebook stored", () => {
    store.dispose();
    open({ _frame: new DataView(new ArrayBuffer(0)) });
    kernel.answer("hello", { running: true, job: 3 });
    kernel.set("_frame", new DataView(numbered(4).buffer));
    expect(shownNumber()).toBeUndefined();
    vi.advanceTimersByTime(1000);
    kernel.answer("hello", { running: false, job: 3 });
    expect([shownNumber(), store.status.value.kind]).toEqual([4, "settled"]);
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

describe("a stored result of older settings", () => {
  it.each([true, false])("is marked until a newer one comes (live: %s)", (live) => {
    open({ live, _stale: true });
    if (live) kernel.answer("hello", { running: false, job: 2 });
    expect([shownNumber(), store.stale.value, store.status.value.kind]).toEqual([1, true, "stale"]);
    kernel.set("_frame", new DataView(numbered(2).buffer));
    kernel.set("_stale", false);
    expect([shownNumber(), store.stale.value]).toEqual([2, false]);
    expect(store.status.value.kind).toBe(live ? "settled" : "offline");
  });

  it("is all that is left of a job that ended without one", () => {
    idle();
    kernel.set("_stale", true);
    kernel.tell({ kind: "started", job: 4, settings: {} });
    kernel.frame(4, numbered(2));
    vi.advanceTimersByTime(1000);
    kernel.answer("hello", { running: false, job: 4 });
    expect([shownNumber(), store.status.value.kind]).toEqual([1, "stale"]);
  });

  it("does not mark the result of a job that just ended", () => {
    idle();
    kernel.set("_stale", true);
    expect(store.status.value.kind).toBe("stale");
    kernel.tell({ kind: "started", job: 4, settings: {} });
    kernel.frame(4, numbered(2), FINAL);
    kernel.set("_frame", new DataView(numbered(2).buffer));
    expect([shownNumber(), store.status.value.kind]).toEqual([2, "settled"]);
  });

  it("that was taken away can come again", () => {
    idle();
    kernel.set("_frame", new DataView(new ArrayBuffer(0)));
    expect(shownNumber()).toBeUndefined();
    kernel.set("_frame", new DataView(numbered(1).buffer));
    expect(shownNumber()).toBe(1);
  });
});
