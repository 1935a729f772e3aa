import { beforeEach, describe, expect, it, vi } from "vitest";
import { FINAL, idle, kernel, numbered, shownNumber, store, withStore } from "./testing/bench";

withStore();

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
