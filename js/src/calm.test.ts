import { signal } from "@preact/signals";
import { h, render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { useCalm } from "./calm";

const text = signal("");
let host: HTMLElement;

function Shown() {
  return h("p", null, useCalm(text, 50));
}

beforeEach(() => {
  vi.useFakeTimers();
  text.value = "at rest";
  host = document.createElement("div");
  act(() => render(h(Shown, null), host));
  pass(50);
});

afterEach(() => {
  render(null, host);
  vi.useRealTimers();
});

function pass(milliseconds: number): void {
  act(() => {
    vi.advanceTimersByTime(milliseconds);
  });
}

function becomes(value: string): string | null {
  act(() => {
    text.value = value;
  });
  return host.textContent;
}

test("a first change shows at once", () => {
  expect(becomes("one")).toBe("one");
});

test("of changes in quick succession the last one shows when the pause is over", () => {
  becomes("one");
  expect(becomes("two")).toBe("one");
  pass(30);
  expect(becomes("three")).toBe("one");
  pass(20);
  expect(host.textContent).toBe("three");
});

test("nothing is shown any more once it is gone", () => {
  becomes("one");
  becomes("two");
  render(null, host);
  expect(vi.getTimerCount()).toBe(0);
});
