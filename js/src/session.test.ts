import { beforeEach, describe, expect, it, vi } from "vitest";
import { FINAL, idle, kernel, numbered, shownNumber, store, withStore } from "./testing/bench";

withStore();

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
