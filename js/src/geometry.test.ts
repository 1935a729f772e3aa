import { describe, expect, it } from "vitest";
import { indexAt, inView, layout, legible, type Room } from "./geometry";

const room: Room = {
  width: 640,
  height: 720,
  rows: 10,
  columns: 12,
  rowLabel: 50,
  columnLabels: Array(12).fill(50),
  bars: true,
  largest: 40,
  zoom: 1,
};

describe("the layout", () => {
  it("fits all cells, headings and bars into the room, at any size", () => {
    for (const width of [240, 320, 640, 1200]) {
      for (const count of [1, 5, 40, 150]) {
        const columnLabels = Array(count).fill(90);
        const { viewWidth, viewHeight, cell, ...rest } = layout({
          ...room,
          width,
          rows: count,
          columns: count,
          columnLabels,
        });
        expect(rest.left + viewWidth).toBeLessThanOrEqual(width);
        expect(rest.width).toBeLessThanOrEqual(width + 1);
        expect(viewHeight).toBeLessThanOrEqual(room.height);
        expect(viewWidth).toBeLessThanOrEqual(count * cell);
      }
    }
  });

  it("has cells of at most the size asked for, and of at least one pixel", () => {
    expect(layout({ ...room, columns: 2, rows: 2, largest: 30 }).cell).toBe(30);
    expect(layout({ ...room, rows: 2000, columns: 2000 }).cell).toBe(1);
  });

  it("scrolls when zoomed in", () => {
    const crowd = { ...room, rows: 100, columns: 100, columnLabels: Array(100).fill(30) };
    const [all, part] = [layout(crowd), layout({ ...crowd, zoom: 4 })];
    expect(all.viewHeight).toBeCloseTo(100 * all.cell, 6);
    expect(part.cell).toBeGreaterThan(2 * all.cell);
    expect(part.viewHeight).toBeLessThan(100 * part.cell);
  });

  it("lays headings level where they fit, slants them, and stands them up when it is narrow", () => {
    expect(layout({ ...room, columnLabels: Array(12).fill(14) }).tilt).toBe("level");
    expect(layout(room).tilt).toBe("slanted");
    expect(layout({ ...room, width: 260 }).tilt).toBe("upright");
  });
});

describe("what is in view", () => {
  it("is every index whose cell shows at least in part", () => {
    for (const scroll of [0, 5, 95, 100, 730]) {
      const cells = Array.from({ length: 80 }, (_, index) => index);
      const shown = cells.filter((index) => (index + 1) * 10 > scroll && index * 10 < scroll + 57);
      const [first, end] = inView(scroll, 57, 10, 80);
      expect(cells.slice(first, end)).toEqual(shown);
    }
  });

  it("is nothing outside the cells", () => {
    expect([indexAt(-1, 10, 5), indexAt(0, 10, 5), indexAt(49, 10, 5), indexAt(50, 10, 5)]).toEqual(
      [null, 0, 4, null],
    );
  });
});

describe("legible headings", () => {
  const strength = (index: number) => (index * 37) % 101;

  it("are all of them where there is room", () => {
    expect(legible(3, 8, 12, 12, strength)).toEqual([3, 4, 5, 6, 7]);
  });

  it("never overlap, and leave out only those too near a stronger one", () => {
    const [cell, apart] = [4, 13];
    const chosen = legible(0, 60, cell, apart, strength);
    chosen.slice(1).forEach((index, place) => {
      expect((index - (chosen[place] ?? 0)) * cell).toBeGreaterThanOrEqual(apart);
    });
    for (let index = 0; index < 60; index++) {
      if (chosen.includes(index)) continue;
      const rivals = chosen.filter((other) => Math.abs(other - index) * cell < apart);
      expect(Math.max(...rivals.map(strength))).toBeGreaterThanOrEqual(strength(index));
    }
  });
});
