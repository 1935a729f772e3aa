import { describe, expect, it } from "vitest";
import { change, count, interval, plain, tone } from "./numbers";

describe("numbers of the explorer", () => {
  it("have no zero before the point and a true minus sign", () => {
    expect([plain(0.867), plain(-0.5), plain(1), plain(null)]).toEqual([
      ".87",
      "−.50",
      "1.00",
      "–",
    ]);
  });

  it("never show a negative zero", () => {
    expect(plain(-0.001)).toBe(".00");
    expect(change(-0.0001)).toBe(".00");
  });

  it("show a change with its sign and an interval in brackets", () => {
    expect(change(0.18)).toBe("+.18");
    expect(interval({ value: 0.18, low: 0.15, high: 0.21 })).toBe("[.15, .21]");
    expect(interval({ value: 0.18, low: null, high: null })).toBe("");
  });

  it("group the digits of a count", () => {
    expect([count(7), count(1500), count(1234567)]).toEqual([
      "7",
      "1\u202f500",
      "1\u202f234\u202f567",
    ]);
  });

  it("have a colour unless they are next to nothing", () => {
    expect([tone(0.2), tone(-0.2), tone(0.001), tone(null)]).toEqual(["sx-up", "sx-down", "", ""]);
  });
});
