import { signal } from "@preact/signals";
import { beforeEach, describe, expect, it } from "vitest";
import { type Deck, parseDeck, type Slide } from "./data";
import { Talk } from "./deck";

const slide = (source: string): Slide => ({
  key: 1,
  caption: [],
  source,
  notes: "",
  name: source,
  state: {},
  frame: { settings: {}, bytes: new Uint8Array(), other: new Uint8Array() },
});
const story = (...sources: string[]): Deck => ({
  title: "T",
  theme: "auto",
  slides: sources.map(slide),
  undoable: false,
  revision: 0,
});

let deck = signal(story());
let talk: Talk;
beforeEach(() => {
  deck = signal(story("a", "b", "c"));
  talk = new Talk(deck, 0);
});

const shown = () => talk.slide.value?.source;

describe("a talk", () => {
  it("goes on, back, to the ends, and never beyond", () => {
    for (const [key, there] of [
      ["ArrowRight", "b"],
      [" ", "c"],
      ["PageDown", "c"],
      ["ArrowLeft", "b"],
      ["End", "c"],
      ["Home", "a"],
      ["PageUp", "a"],
    ] as const) {
      expect(talk.press(key)).toBe(true);
      expect(shown()).toBe(there);
    }
    expect(talk.press("x")).toBe(false);
  });

  it("is not blank any more once it goes on", () => {
    talk.press("b");
    expect(talk.blank.value).toBe(true);
    talk.press("ArrowRight");
    expect(talk.blank.value).toBe(false);
    talk.press(".");
    talk.press("b");
    expect(talk.blank.value).toBe(false);
  });

  it("is shown larger and smaller within bounds", () => {
    talk.press("+");
    expect(talk.size.value).toBeGreaterThan(1);
    talk.press("0");
    expect(talk.size.value).toBe(1);
    for (let i = 0; i < 30; i++) talk.press("-");
    const least = talk.size.value;
    talk.press("-");
    expect(talk.size.value).toBe(least);
    expect(least).toBeGreaterThan(0.4);
  });

  it("stays on a slide that exists when slides are removed", () => {
    talk.go(2);
    deck.value = story("a");
    expect(shown()).toBe("a");
    deck.value = story();
    expect(shown()).toBeUndefined();
    talk.press("ArrowRight");
    deck.value = story("a", "b");
    expect(shown()).toBe("a");
  });
});

describe("the data of a story", () => {
  const span = { text: "<b>x</b>", strong: true, emphasis: false, href: "javascript:alert(1)" };
  const one = {
    caption: [span],
    source: "x",
    notes: "n",
    name: "A · B",
    state: { baseline: "pad", layer: 0, rule: "adaptive", steps: 16 },
    frame: 0,
    other: 1,
  };
  const data = { title: "T", theme: "dark", slides: [one], frames: ["AQI=", ""] };

  it("is read with its frames, and unfit links are none", () => {
    const [found] = parseDeck(data).slides;
    expect(found?.caption).toEqual([{ ...span, href: "" }]);
    expect(found?.frame.bytes).toEqual(new Uint8Array([1, 2]));
    expect(found?.frame.settings).toEqual({
      baseline: "pad",
      layer: 0,
      rule: "adaptive",
      steps: null,
    });
  });

  it("says what it lacks", () => {
    expect(() => parseDeck({})).toThrow("no “slides” or no “frames”");
    expect(() => parseDeck({ ...data, slides: [one, { ...one, state: 1 }] })).toThrow("slide 2");
  });
});
