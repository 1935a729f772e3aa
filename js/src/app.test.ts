import { afterEach, describe, expect, it } from "vitest";
import { mount } from "./mount";
import { createStore } from "./state";
import { TestKernel } from "./testing/kernel";
import { pack, type Row } from "./testing/pack";
import type { Store, View } from "./types";

const HOSTILE = [
  "</script><script>alert(1)</script>",
  '<img src=x onerror="document.title=1">',
  "a\u2028b\u2029c",
  "\u202eevil\u202c \u2066x\u2069",
  "nul\x00bell\x07",
  "lone\ud800surrogate",
  "\x1b[31mred\x1b[0m",
  "\ufffe\x85\x9b31m",
];
const EVERYTHING = HOSTILE.join(" ");
/** Line breaks and tabs are harmless between words. */
const RAW = /[^\P{Cc}\t\n\r]|[\p{Cs}\u2028-\u202e\u2066-\u2069\ufffe]/u;

const rows = HOSTILE.map((text, index): Row => [text, null, null, "text", [index]]);
const frame = (model: string) =>
  pack({
    rows,
    columns: rows,
    header: {
      text_a: EVERYTHING,
      text_b: EVERYTHING,
      notes: [EVERYTHING],
      settings: {
        model,
        layer: 0,
        layers: 6,
        baseline: EVERYTHING,
        rule: EVERYTHING,
        precision: EVERYTHING,
        unit: "token",
      },
      certificate: {
        relative_residual: 0.1,
        residual_bound: null,
        converged: false,
        steps_a: 8,
        steps_b: 8,
        message: EVERYTHING,
        sentence: EVERYTHING,
      },
    },
  });

let close = () => {};
afterEach(() => close());

function open(traits: Record<string, unknown> = {}): { store: Store; kernel: TestKernel } {
  const kernel = new TestKernel({
    model_name: EVERYTHING,
    baseline: EVERYTHING,
    baselines: [EVERYTHING, ...HOSTILE],
    pins: [{ a: [0, 1, 2, 3, 4, 5, 6, 7], b: [3] }],
    compare: { model: EVERYTHING },
    _frame: new DataView(frame(EVERYTHING).buffer),
    _other: new DataView(frame(`${EVERYTHING}2`).buffer),
    ...traits,
  });
  const store = createStore(kernel);
  const unmount = mount(store, document.body);
  close = () => {
    unmount();
    store.dispose();
  };
  return { store, kernel };
}

const rendered = () => new Promise((resolve) => setTimeout(resolve, 60));

/** All that can be seen or is read out; the value of an option is neither. */
function said(): string[] {
  return Array.from(document.body.querySelectorAll("*")).flatMap((element) => [
    ...Array.from(element.childNodes, (node) =>
      node.nodeType === 3 ? (node.nodeValue ?? "") : "",
    ),
    ...Array.from(element.attributes, ({ name, value }) => (name === "value" ? "" : value)),
  ]);
}

describe("a view of hostile data", () => {
  it.each<[View]>([["matrix"], ["links"], ["pairs"], ["compare"]])(
    "has no raw control or bidi character in %s",
    async (view) => {
      const { store, kernel } = open({ view });
      kernel.answer("hello", { running: false, job: null });
      kernel.tell({ kind: "failed", job: null, error: EVERYTHING });
      store.hover.value = { row: 3, column: 4 };
      await rendered();
      const found = said();
      expect(found.filter((text) => RAW.test(text))).toEqual([]);
      expect(found.filter((text) => text.includes("⟨RLO⟩evil")).length).toBeGreaterThan(10);
      expect(document.body.querySelector("img, script")).toBeNull();
    },
  );

  it("shows no raw character where nothing can be computed", async () => {
    open({ live: false, baselines: [EVERYTHING] });
    await rendered();
    expect(said().filter((text) => RAW.test(text))).toEqual([]);
  });
});

describe("a view with nothing to compare with", () => {
  const views = () =>
    Array.from(
      document.body.querySelectorAll("[aria-label=View] label"),
      (each) => each.textContent,
    );

  it("does not offer to compare in a page", async () => {
    open({ live: false, compare: null, _steps: [8] });
    await rendered();
    expect(views()).toEqual(["Matrix", "Links", "Pairs"]);
  });

  it("offers it where another result was saved or can be asked for", async () => {
    open({ live: false, _steps: [8] });
    await rendered();
    expect(views()).toContain("Compare");
    close();
    open({ compare: null });
    await rendered();
    expect(views()).toContain("Compare");
  });
});

describe("the links", () => {
  it("keep the elements of their words while the pointer moves, and mark the one it is on", async () => {
    const { store } = open({ view: "links", compare: null });
    await rendered();
    const words = Array.from(document.body.querySelectorAll(".sv-words li"));
    let changes = 0;
    const list = document.body.querySelector(".sv-words.sv-a") as Element;
    const observer = new MutationObserver((records) => {
      changes += records.length;
    });
    observer.observe(list, { subtree: true, childList: true, attributes: true });
    store.hover.value = { row: 2, column: null };
    await rendered();
    observer.disconnect();
    expect(changes).toBe(1);
    expect(Array.from(document.body.querySelectorAll(".sv-words li"))).toEqual(words);
    expect(list.querySelectorAll("[data-lit]")).toHaveLength(1);
    expect(list.children[2]?.hasAttribute("data-lit")).toBe(true);
    store.hover.value = { row: null, column: 1 };
    expect(list.querySelector("[data-lit]")).toBeNull();
  });
});

describe("keys in the view", () => {
  const card = () => document.body.querySelector(".sv-card") as HTMLElement;
  const press = (key: string) =>
    document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));

  it("are not the notebook's", async () => {
    open({ compare: null });
    await rendered();
    expect(card().hasAttribute("data-lm-suppress-shortcuts")).toBe(true);
    const heard: string[] = [];
    const hear = (event: KeyboardEvent) => heard.push(event.key);
    document.body.addEventListener("keydown", hear);
    (card().querySelector("[role=application]") as HTMLElement).focus();
    for (const key of ["ArrowDown", "Enter", "Escape", "d", "a", "n"]) press(key);
    document.body.removeEventListener("keydown", hear);
    expect(heard).toEqual([]);
  });

  it("stay there when the button that had the focus goes with its pin", async () => {
    const { store } = open({ compare: null });
    await rendered();
    const unpin = card().querySelector<HTMLElement>("[aria-label^=Unpin]");
    unpin?.focus();
    unpin?.click();
    await rendered();
    expect(store.pins.value).toEqual([]);
    expect(document.activeElement).toBe(card());
  });

  it.each(["Enter", "Escape"])("stay there when %s ends the editing of a text", async (key) => {
    open({ compare: null });
    await rendered();
    (card().querySelector("[aria-label='Edit text A']") as HTMLElement).click();
    await rendered();
    expect(document.activeElement?.tagName).toBe("TEXTAREA");
    press(key);
    await rendered();
    expect(document.activeElement).toBe(card());
  });
});
