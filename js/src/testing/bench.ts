import { afterEach, beforeEach, vi } from "vitest";
import { createStore } from "../state";
import type { Store } from "../types";
import { TestKernel } from "./kernel";
import { pack } from "./pack";

/** What a frame event says when nothing follows it. */
export const FINAL = { final: true, fraction: 1, remaining: 0 };

/** The kernel and the store that were opened last. */
export let kernel: TestKernel;
export let store: Store;

/** Open a store on a kernel that has answered nothing yet, with a stored frame. */
export function open(traits: Record<string, unknown> = {}): void {
  kernel = new TestKernel({ _frame: new DataView(numbered(1).buffer), ...traits });
  store = createStore(kernel);
}

/** Open a store whose kernel has nothing to do. */
export function idle(): void {
  open();
  kernel.answer("hello", { running: false, job: null });
}

/** A frame that is recognised by its first cell. */
export function numbered(
  number: number,
  header: Record<string, unknown> = {},
): Uint8Array<ArrayBuffer> {
  return pack({ matrix: [number, 0.5, 0.25, 0, -0.5, 0], header });
}

export function shownNumber(): number | undefined {
  return store.picture.value?.values[0];
}

/** Stop the clock in every test of a file, and put away what it opened. */
export function withStore(): void {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    store.dispose();
    vi.useRealTimers();
  });
}
