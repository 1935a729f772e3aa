import { describe, expect, it, vi } from "vitest";
import { kernel, numbered, store } from "./testing/bench";
import { page, withPage } from "./testing/page";

withPage();

const control = (name: string) =>
  Array.from(document.body.querySelectorAll<HTMLElement>(".sv-control, .sv-toggle")).find((each) =>
    each.textContent?.includes(name),
  );
const input = (name: string) => control(name)?.querySelector("input");

describe("the controls", () => {
  it("offer the layers of the model where they can be computed", async () => {
    await page({ layers: 3 });
    expect(control("layer")?.querySelectorAll("option")).toHaveLength(4);
  });

  it("offer no layer beside a finished result", async () => {
    await page({ layers: 3, live: false });
    expect(control("layer")?.textContent).toBe("layer 0");
  });

  it("ask for two references at least", async () => {
    await page({ baseline: "corpus", baselines: ["pad", "corpus"], references: 16 });
    expect(input("references")?.min).toBe("2");
  });

  it("lock the range once there is one", async () => {
    await page({ _frame: new DataView(new ArrayBuffer(0)) });
    expect(input("lock range")?.disabled).toBe(true);
    kernel.set("_frame", new DataView(numbered(1).buffer));
    await vi.advanceTimersByTimeAsync(60);
    expect(input("lock range")?.disabled).toBe(false);
    input("lock range")?.click();
    expect(store.lockedLimit.value).toBe(1);
  });
});
