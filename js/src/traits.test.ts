import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { isString } from "./guard";
import { TestKernel } from "./testing/kernel";
import { Traits } from "./traits";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function bound() {
  const kernel = new TestKernel({ view: "matrix" });
  return { kernel, view: new Traits(kernel).bind("view", isString, "matrix") };
}

it("follows what Python sets", () => {
  const { kernel, view } = bound();
  kernel.set("view", "links");
  expect(view.value).toBe("links");
});

it("keeps a choice when the echo of an older one comes before it was sent", () => {
  const { kernel, view } = bound();
  view.value = "pairs";
  vi.runAllTimers();
  view.value = "links";
  kernel.set("view", "pairs");
  expect(view.value).toBe("links");
  vi.runAllTimers();
  expect(kernel.get("view")).toBe("links");
  expect(kernel.saves).toBe(2);
});

it("takes what Python sets while a choice waits to be sent", () => {
  const { kernel, view } = bound();
  view.value = "pairs";
  kernel.set("view", "links");
  expect(view.value).toBe("links");
  vi.runAllTimers();
  expect(kernel.get("view")).toBe("links");
});

it("sends a choice that was taken back before it was sent", () => {
  const { kernel, view } = bound();
  view.value = "links";
  view.value = "matrix";
  vi.runAllTimers();
  expect(kernel.get("view")).toBe("matrix");
  kernel.set("view", "pairs");
  expect(view.value).toBe("pairs");
});
