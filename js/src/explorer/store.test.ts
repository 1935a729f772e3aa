import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Host, HostCallback } from "../host";
import { parse } from "./protocol";
import { Store } from "./store";

class Kernel implements Host {
  readonly sent: Record<string, unknown>[] = [];
  readonly #listeners = new Map<string, HostCallback>();
  get = (name: string) => ({ _part: "list", theme: "dark", _bokeh: "3.9.2" })[name];
  set() {}
  save_changes() {}
  send = (content: unknown) => void this.sent.push(content as Record<string, unknown>);
  on = (event: string, callback: HostCallback) => void this.#listeners.set(event, callback);
  off = (event: string) => void this.#listeners.delete(event);

  tell(content: unknown, ...buffers: unknown[]) {
    (this.#listeners.get("msg:custom") as (...values: unknown[]) => void)(content, buffers);
  }

  answer(index: number, body: Record<string, unknown> = { ok: true }) {
    this.tell({ id: this.sent.at(index)?.id, ...body });
  }
}

const selected = (version: number, count = 100) => ({
  kind: "selected",
  ...{ version, count, filters: [], active: [], order: "error", sql: "", search: "" },
  ...{ region: null, span: null, words: null, sources: {} },
});
const line = (row: number) => ({
  ...{ row, a: "a", b: "b", gold: 0.5, score: null, former: null },
  ...{ star: false, tag: "", note: "" },
});

let kernel: Kernel;
let store: Store;
beforeEach(() => {
  vi.useFakeTimers();
  kernel = new Kernel();
  store = new Store(kernel);
});
afterEach(() => {
  store.dispose();
  vi.useRealTimers();
});

describe("the explorer's store", () => {
  it("greets the kernel, and says so when nobody answers", () => {
    expect(kernel.sent.map(({ kind }) => kind)).toEqual(["hello"]);
    vi.advanceTimersByTime(9000);
    expect(store.error.value).toContain("The kernel does not answer");
    kernel.answer(0);
    expect(store.error.value).toBe("");
  });

  it("takes its theme and its part from the model", () => {
    expect([store.theme.value, store.part, store.library]).toEqual(["dark", "list", "3.9.2"]);
  });

  it("asks for each line once, and forgets lines when the list changes", () => {
    kernel.tell(selected(1));
    store.fetch(0, 3);
    store.fetch(1, 5);
    expect(kernel.sent.slice(1).map(({ start, stop }) => [start, stop])).toEqual([
      [0, 3],
      [3, 5],
    ]);
    kernel.answer(1, { ok: true, pairs: [line(7), line(8), line(9)] });
    expect(store.lines.value.get(1)?.row).toBe(8);
    kernel.tell(selected(2));
    expect(store.lines.value.size).toBe(0);
    store.fetch(0, 3);
    expect(kernel.sent.length).toBe(4);
  });

  it("drops lines of a list that is over", () => {
    kernel.tell(selected(1));
    store.fetch(0, 1);
    kernel.tell(selected(2));
    kernel.answer(1, { ok: true, pairs: [line(7)] });
    expect(store.lines.value.size).toBe(0);
  });

  it("shows a mark at once in the lines that are at hand", () => {
    kernel.tell(selected(1));
    store.fetch(0, 1);
    kernel.answer(1, { ok: true, pairs: [line(7)] });
    kernel.tell({ kind: "tagged", pair: { row: 7, star: true, tag: "odd", note: "" } });
    expect(store.lines.value.get(0)).toMatchObject({ star: true, tag: "odd", a: "a" });
  });

  it("shows why something was refused until something else succeeds", () => {
    store.filter("sql", "gold >");
    kernel.answer(1, { ok: false, error: "That is no SQL." });
    kernel.tell(selected(1));
    store.fetch(0, 1);
    kernel.answer(2, { ok: true, pairs: [line(7)] });
    expect(store.error.value).toBe("That is no SQL.");
    store.filter("sql", null);
    kernel.answer(3);
    expect(store.error.value).toBe("");
  });

  it("says what is wrong with a message that does not follow the protocol", () => {
    for (const message of [
      3,
      { kind: "dance" },
      { ...selected(1), count: -1 },
      { id: 1, ok: false },
    ]) {
      expect(parse(message).kind).toBe("fault");
    }
    kernel.tell({ ...selected(1), filters: [{ slot: 1 }] });
    expect(store.error.value).toContain("of kind “selected” has no fit “filters”");
  });
});
