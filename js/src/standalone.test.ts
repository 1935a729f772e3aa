import { afterEach, describe, expect, it } from "vitest";
import { pageHost, start } from "./standalone";
import { createStore } from "./state";
import { pack } from "./testing/pack";
import type { Store } from "./types";

const base64 = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes));
const result = (number: number, settings: Record<string, unknown>) => ({
  settings,
  frame: base64(pack({ matrix: [number, 0, 0, 0, 0, 0] })),
});
const RESULTS = [
  result(1, { baseline: "pad", layer: 0, steps: 8 }),
  result(2, { baseline: "pad", layer: 0, steps: 32 }),
  result(3, { baseline: "corpus", layer: 0, steps: 32 }),
  result(4, { baseline: "corpus", layer: 3, steps: 32 }),
];
const STATE = { text_a: "the cat", baseline: "pad", layer: 0, steps: 32, layers: 6, live: true };

let store: Store;

function open(frames: unknown[] = RESULTS, state: Record<string, unknown> = STATE): void {
  store = createStore(pageHost({ state, palette: base64(new Uint8Array(1536)), frames }));
}

function shownNumber(): number | undefined {
  return store.picture.value?.values[0];
}

afterEach(() => store?.dispose());

describe("a page", () => {
  it("opens on the result that its state names, and is offline", () => {
    open();
    expect(shownNumber()).toBe(2);
    expect(store.status.value.kind).toBe("offline");
    expect(store.exports.value).toEqual(["csv", "json"]);
  });

  it("offers what was computed", () => {
    open();
    expect(store.choices.steps.value).toEqual([8, 32]);
    expect(store.choices.layerList.value).toEqual([0, 3]);
    expect(store.choices.baselines.value).toEqual(["pad", "corpus"]);
  });

  it("changes at once between its results", () => {
    open();
    store.change({ steps: 8 });
    expect([shownNumber(), store.status.value.kind]).toEqual([1, "offline"]);
    store.change({ baseline: "corpus" });
    expect(shownNumber()).toBe(3);
    expect(store.settings.steps.value).toBe(32);
  });

  it("has for each result what it is compared with", () => {
    const compared = RESULTS.map((each, index) => ({ ...each, other: RESULTS[3 - index]?.frame }));
    open(compared, { ...STATE, compare: { layer: 3 } });
    const others = () => store.otherPicture.value?.values[0];
    expect([shownNumber(), others()]).toEqual([2, 3]);
    store.change({ steps: 8 });
    expect([shownNumber(), others(), store.status.value.kind]).toEqual([1, 4, "offline"]);
  });

  it("changes between its results beside a comparison", () => {
    open(RESULTS, { ...STATE, compare: { layer: 3 } });
    store.change({ steps: 8 });
    expect([shownNumber(), store.status.value.kind]).toEqual([1, "offline"]);
  });

  it("keeps what was asked for and moves the rest where nothing fits both", () => {
    open();
    store.change({ layer: 3 });
    expect(shownNumber()).toBe(4);
    expect([store.settings.layer.value, store.settings.baseline.value]).toEqual([3, "corpus"]);
    store.change({ steps: 28 });
    expect([shownNumber(), store.settings.steps.value]).toEqual([4, 32]);
  });

  it("with one result shows it, whatever its state says", () => {
    open([result(7, { baseline: "pad", layer: 0, steps: null })], {});
    expect(shownNumber()).toBe(7);
    expect(store.choices.steps.value).toEqual([]);
  });

  it("pins and filters without a kernel", () => {
    open();
    store.pinCell({ row: 0, column: 0 }, "set");
    expect(store.pinSums.value[0]?.effect).toBe(2);
  });

  it.each([
    [{}],
    [{ state: {}, frames: [{}] }],
    [{ state: {}, frames: [{ settings: {}, frame: 7 }] }],
  ])("says what is wrong with its data: %j", (data) => {
    expect(() => pageHost(data)).toThrow(/^(its data|one of its results) has no/);
  });
});

describe("starting a page", () => {
  const fill = (data: string) => {
    const root = document.createElement("div");
    root.id = "siamviz-root";
    const table = document.createElement("table");
    table.insertRow().insertCell().textContent = "static";
    root.append(table);
    const script = document.createElement("script");
    script.id = "siamviz-data";
    script.type = "application/json";
    script.textContent = data;
    document.body.replaceChildren(root, script);
  };

  it("replaces the static table by the view", () => {
    fill(JSON.stringify({ state: STATE, frames: RESULTS }));
    start(document);
    expect(document.querySelector("#siamviz-root > .siamviz")?.getAttribute("data-status")).toBe(
      "offline",
    );
    expect(document.body.textContent).not.toContain("static");
  });

  it("leaves the static table where its data cannot be read, and says so", () => {
    fill("{");
    start(document);
    expect(document.querySelector("[role=alert]")?.textContent).toContain("not interactive");
    expect(document.querySelector("td")?.textContent).toBe("static");
  });
});
