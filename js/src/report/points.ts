import { type Data, measure } from "./data";

export type Corners = [number, number][];
export type Mask = (place: number) => boolean;
type Columns = Record<string, number[]>;

/** Whether a point lies in a polygon, by the even-odd rule. */
export function inside(corners: Corners, x: number, y: number): boolean {
  let odd = false;
  corners.forEach(([x1, y1], index) => {
    const [x2, y2] = corners[(index + 1) % corners.length] as [number, number];
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) odd = !odd;
  });
  return odd;
}

/** Places, and errors for their colours. */
export function pointColumns(data: Data, places: readonly number[]): Columns {
  return {
    x: places.map((place) => data.gold[place] ?? 0),
    y: places.map((place) => data.score[place] ?? 0),
    d: places.map((place) => measure(data, place)),
  };
}

/** The cells of gold × score in which pairs lie, stronger where there are more. */
export function cellColumns(data: Data, places: readonly number[]): Columns {
  const { low, high, columns, rows } = data.frame;
  const counts = new Map<number, number>();
  for (const place of places) {
    const cell = cellOf(data, data.gold[place] ?? 0, data.score[place] ?? 0);
    counts.set(cell, (counts.get(cell) ?? 0) + 1);
  }
  const found = [...counts].map(([cell, n]) => ({
    x: (cell % (columns + 1)) / columns,
    y: low + ((Math.floor(cell / (columns + 1)) + 0.5) * (high - low)) / rows,
    n,
  }));
  const most = Math.log1p(Math.max(1, ...counts.values()));
  return {
    x: found.map(({ x }) => x),
    y: found.map(({ y }) => y),
    d: found.map(({ x, y }) => y - x),
    n: found.map(({ n }) => n),
    alpha: found.map(({ n }) => 0.18 + (0.82 * Math.log1p(n)) / most),
  };
}

/** The number of the cell that a place in the scatter falls into. */
export function cellOf({ frame }: Data, gold: number, score: number): number {
  const { columns, rows, low, high } = frame;
  const column = Math.min(columns, Math.max(0, Math.round(gold * columns)));
  return column + (columns + 1) * bin(score, low, high, rows);
}

/** The bars of the histogram, as shares of the highest one. */
export function barColumns(data: Data, places: readonly number[]): Columns {
  const { edges } = data.frame;
  const bins = edges.length - 1;
  const [low = 0, high = 1] = [edges[0], edges[bins]];
  const counts = new Array<number>(bins).fill(0);
  for (const place of places) {
    const index = bin(measure(data, place), low, high, bins);
    counts[index] = (counts[index] ?? 0) + 1;
  }
  const most = Math.max(1, ...counts);
  const [left, right] = [edges.slice(0, -1), edges.slice(1)];
  return {
    left,
    right,
    top: counts.map((count) => count / most),
    d: left.map((edge, index) => (edge + (right[index] ?? edge)) / 2),
    n: counts,
  };
}

function bin(value: number, low: number, high: number, bins: number): number {
  const index = Math.floor(((value - low) / (high - low)) * bins);
  return Math.min(bins - 1, Math.max(0, index));
}
