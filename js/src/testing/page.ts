import { afterEach, vi } from "vitest";
import { mount } from "../mount";
import { open, store, withStore } from "./bench";

let close = () => {};

/** Open a store and show its view in the document. */
export async function page(traits: Record<string, unknown> = {}): Promise<void> {
  open(traits);
  close = mount(store, document.body);
  await vi.advanceTimersByTimeAsync(60);
}

/** Stop the clock in every test of a file, and put away the view that it opened. */
export function withPage(): void {
  withStore();
  afterEach(() => {
    close();
    vi.restoreAllMocks();
  });
}
