import { beforeEach, describe, expect, it, vi } from "vitest";
import { Surface } from "./surface";
import { kernel, store } from "./testing/bench";
import { page, withPage } from "./testing/page";

const CELL = 10;

withPage();

beforeEach(async () => {
  vi.spyOn(Surface.prototype, "at").mockImplementation((x, y) => ({
    row: y < 0 ? null : Math.floor(y / CELL),
    column: x < 0 ? null : Math.floor(x / CELL),
  }));
  Element.prototype.setPointerCapture ??= () => {};
  await page();
  kernel.answer("hello", { running: false, job: null });
});

function send(kind: string, row = 0, column = 0, more: PointerEventInit = {}): Event {
  const event = new PointerEvent(kind, {
    bubbles: true,
    cancelable: true,
    isPrimary: true,
    pointerType: "touch",
    clientX: (column + 0.5) * CELL,
    clientY: (row + 0.5) * CELL,
    ...more,
  });
  document.body.querySelector(".sv-scroller > div")?.dispatchEvent(event);
  return event;
}

const stopped = (kind: string) => send(kind).defaultPrevented;

describe("a finger", () => {
  it("that rests begins a block, extends it and pins it when it lifts", () => {
    send("pointerdown");
    vi.advanceTimersByTime(399);
    expect([store.block.value, stopped("touchmove")]).toEqual([null, false]);
    vi.advanceTimersByTime(1);
    expect(store.block.value).toEqual({ rows: [0, 0], columns: [0, 0] });
    send("pointermove", 1, 2);
    expect(store.block.value).toEqual({ rows: [0, 1], columns: [0, 2] });
    expect(stopped("touchmove")).toBe(true);
    send("pointerup", 1, 2);
    expect(store.block.value).toBeNull();
    expect(store.pins.value).toEqual([{ a: [0, 1], b: [0, 1, 2] }]);
    expect(stopped("touchmove")).toBe(false);
  });

  it("that moves at once scrolls", () => {
    send("pointerdown");
    send("pointermove", 1, 2);
    vi.advanceTimersByTime(1000);
    expect([store.block.value, stopped("touchmove")]).toEqual([null, false]);
    send("pointerup", 1, 2);
    expect(store.pins.value).toEqual([]);
  });

  it("that trembles rests", () => {
    send("pointerdown");
    send("pointermove", 0, 0.6);
    vi.advanceTimersByTime(400);
    expect(store.block.value).not.toBeNull();
  });

  it("that taps pins the pair", () => {
    send("pointerdown");
    send("pointerup");
    send("click");
    vi.advanceTimersByTime(1000);
    expect(store.pins.value).toEqual([{ a: [0], b: [0] }]);
    expect(store.block.value).toBeNull();
  });

  it("that lifts from a block does not tap too", () => {
    send("pointerdown");
    vi.advanceTimersByTime(400);
    send("pointerup");
    send("click");
    expect(store.pins.value).toEqual([{ a: [0], b: [0] }]);
  });

  it.each([
    ["the browser takes over", "pointercancel", {}],
    ["a second one comes", "pointerdown", { isPrimary: false }],
  ])("pins nothing when %s", (_, kind, more) => {
    for (const time of [200, 400]) {
      send("pointerdown");
      vi.advanceTimersByTime(time);
      send(kind, 1, 1, more);
      vi.advanceTimersByTime(1000);
      expect([store.block.value, stopped("touchmove")]).toEqual([null, false]);
      send("pointerup");
    }
    expect(store.pins.value).toEqual([]);
  });

  it("on a heading marks nothing", () => {
    send("pointerdown", 1, -1);
    vi.advanceTimersByTime(1000);
    expect([store.block.value, stopped("touchmove")]).toEqual([null, false]);
  });

  it("opens no menu by a long press, a mouse does", () => {
    send("pointerdown");
    expect(stopped("contextmenu")).toBe(true);
    send("pointerup");
    send("pointerdown", 0, 0, { pointerType: "mouse", button: 2 });
    expect(stopped("contextmenu")).toBe(false);
  });
});

it("a mouse drags a block at once, which a later release elsewhere does not pin again", () => {
  const mouse = { pointerType: "mouse" };
  send("pointerdown", 0, 0, mouse);
  send("pointermove", 1, 1, mouse);
  expect(store.block.value).toEqual({ rows: [0, 1], columns: [0, 1] });
  send("pointerup", 1, 1, mouse);
  send("pointerup", 0, 2, mouse);
  expect(store.pins.value).toEqual([{ a: [0, 1], b: [0, 1] }]);
});
