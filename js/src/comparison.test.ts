import { describe, expect, it } from "vitest";
import { counterpart, titles } from "./comparison";
import type { Frame, Token } from "./types";

function token(text: string, start: number | null = null): Token {
  const end = start === null ? null : start + text.length;
  return { text, start, end, role: "text", members: [] };
}

const sentence = [token("the", 0), token("dog", 4), token("sees", 8), token("the", 13)];

describe("the counterpart of a token", () => {
  it("is the same word at the same place", () => {
    expect(counterpart(token("the", 13), sentence)).toBe(3);
  });

  it("is else the same word anywhere", () => {
    expect(counterpart(token("dog", 40), sentence)).toBe(1);
  });

  it("is else the word that it is a piece of, or the first piece of the word", () => {
    expect(counterpart(token("ees", 9), sentence)).toBe(2);
    expect(counterpart(token("the dog sees the", 0), sentence)).toBe(0);
  });

  it("is nothing for a word that is not there", () => {
    expect(counterpart(token("cat", 4), sentence)).toBeNull();
    expect(counterpart(null, sentence)).toBeNull();
  });
});

describe("the titles of a comparison", () => {
  const settings = {
    model: "m",
    layer: 0,
    layers: 6,
    baseline: "pad",
  };
  const frame = { method: "attribution", textA: "a", textB: "b", settings } as Frame;

  it("say what differs", () => {
    const other = (changed: Partial<Frame["settings"]>): Frame => ({
      ...frame,
      settings: { ...settings, ...changed },
    });
    expect(titles(frame, other({ baseline: "mask" }))).toEqual(["baseline pad", "baseline mask"]);
    expect(titles(frame, other({ layer: 3 }))).toEqual(["layer 0", "layer 3"]);
    expect(titles(frame, other({ model: "n" }))).toEqual(["m", "n"]);
    expect(titles(frame, { ...frame, method: "deletion" })).toEqual([
      "attribution",
      "deletion differences",
    ]);
    expect(titles(frame, { ...frame, textB: "\u202ec" })).toEqual(["B “b”", "B “⟨RLO⟩c”"]);
  });
});
