import { describe, expect, it, vi } from "vitest";
import { kernel } from "./testing/bench";
import { page, withPage } from "./testing/page";

withPage();

async function compare(traits: Record<string, unknown> = {}): Promise<void> {
  const settings = { baseline: "pad", baselines: ["pad", "mask", "corpus"], layers: 6 };
  await page({ view: "compare", ...settings, ...traits });
}

const view = () => document.body.querySelector(".sv-compare") as HTMLElement;
const offers = () => Array.from(view().querySelectorAll<HTMLElement>(".sv-invitation button"));

async function take(name: string): Promise<void> {
  offers()
    .find((each) => each.textContent === name)
    ?.click();
  await vi.advanceTimersByTimeAsync(1000);
}

describe("a view with nothing chosen to compare with", () => {
  it("offers each comparison with a line on it, and asks for none", async () => {
    await compare();
    expect(offers().map((each) => each.textContent)).toEqual([
      "another baseline",
      "another layer",
      "another text B",
      "deletion differences",
    ]);
    for (const offer of offers()) {
      expect(offer.nextElementSibling?.textContent).toMatch(/\w.*[.?]$/);
    }
    await vi.advanceTimersByTimeAsync(5000);
    expect(kernel.asked("compute")).toHaveLength(0);
  });

  it.each([
    ["another baseline", { baseline: "mask" }],
    ["another layer", { layer: 1 }],
    ["deletion differences", { method: "deletion" }],
  ])("asks for %s when that is taken, and keeps the keys", async (name, chosen) => {
    await compare();
    await take(name);
    expect(kernel.asked("compute")).toMatchObject([{ settings: { compare: chosen } }]);
    expect(offers()).toEqual([]);
    expect(view().textContent).toContain("on its way");
    expect(document.activeElement?.className).toBe("sv-card");
  });

  it("waits for the other text", async () => {
    await compare();
    await take("another text B");
    expect(kernel.asked("compute")).toHaveLength(0);
    expect(view().querySelector("input")?.placeholder).toContain("Another text B");
    expect(view().textContent).not.toContain("on its way");
  });

  it("says that nothing came when Python refused", async () => {
    await compare();
    await take("another layer");
    kernel.answer("compute", { ok: false, error: "No." });
    await vi.advanceTimersByTimeAsync(100);
    expect(view().textContent).toContain("did not come");
  });

  it("says what it takes where the result is finished", async () => {
    await compare({ live: false });
    expect(offers()).toEqual([]);
    expect(view().textContent).toContain("explainer.view(text_a, text_b)");
  });
});
