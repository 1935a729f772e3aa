import { expect, it, vi } from "vitest";
import { page, withPage } from "./testing/page";

withPage();

it.each([
  [false, "Hover a word or a cell; drag over cells to sum a block."],
  [true, "Touch a word or a cell; hold, then drag to sum a block."],
])("the hint says how to point (by touch: %s)", async (touch, hint) => {
  const matchMedia = window.matchMedia.bind(window);
  vi.spyOn(window, "matchMedia").mockImplementation((query) =>
    query === "(pointer: coarse)" ? ({ matches: touch } as MediaQueryList) : matchMedia(query),
  );
  await page();
  expect(document.body.querySelector(".sv-hint")?.textContent).toBe(hint);
});
