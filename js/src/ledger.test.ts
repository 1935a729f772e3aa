import { describe, expect, it, vi } from "vitest";
import { kernel, numbered } from "./testing/bench";
import { page, withPage } from "./testing/page";

withPage();

const verdict = () => document.body.querySelector(".sv-status")?.textContent?.trim();
const settle = () => vi.advanceTimersByTimeAsync(60);

describe("the verdict on a result", () => {
  it("stands when something else failed", async () => {
    await page();
    kernel.answer("hello", { running: false, job: null });
    kernel.tell({ kind: "failed", job: null, error: "There is no font." });
    await settle();
    expect(verdict()).toBe("settled");
    expect(document.body.querySelector("[role=alert]")?.textContent).toBe("There is no font.");
  });

  it.each([
    [{ kind: "failed", error: "It broke." }, "stale: the computation failed"],
    [{ kind: "cancelled" }, "stale: cancelled"],
  ])("is that it is old after %j", async (end, said) => {
    await page();
    kernel.tell({ kind: "started", job: 4, settings: {} });
    kernel.tell({ ...end, job: 4 });
    await settle();
    expect(verdict()).toBe(said);
  });

  it("is that it is unfinished where a job was cancelled on the way", async () => {
    await page();
    kernel.tell({ kind: "started", job: 4, settings: {} });
    kernel.frame(4, numbered(2, { progress: 0.5 }));
    kernel.tell({ kind: "cancelled", job: 4 });
    await settle();
    expect(verdict()).toBe("unfinished");
  });
});

it("the curve ends where the history does, in the mean steps of both sides", async () => {
  const certificate = {
    relative_residual: 0.002,
    converged: true,
    steps_a: 10,
    steps_b: 30,
    message: "",
    sentence: "",
  };
  const history = [
    [8, 0.1],
    [20, 0.002],
  ];
  await page({ _frame: new DataView(numbered(1, { certificate, history }).buffer) });
  expect(document.body.querySelector(".sv-curve svg")?.getAttribute("aria-label")).toMatch(
    /^Relative residual from 0\.1 at 8 steps to 0\.002 at 20 steps/,
  );
});
