/** The room that a heat map has, and what it must hold; lengths in CSS pixels. */
export interface Room {
  width: number;
  height: number;
  rows: number;
  columns: number;
  /** Width of the widest row heading, and of each column heading, at `LABEL_FONT`. */
  rowLabel: number;
  columnLabels: number[];
  /** Whether margin bars are drawn. */
  bars: boolean;
  /** The most that a cell may take. */
  largest: number;
  /** 1 shows everything that fits; larger values scroll. */
  zoom: number;
}

/** How column headings stand: level, at half a right angle, or on end. */
export type Tilt = "level" | "slanted" | "upright";

/** Where the parts of a heat map lie; the cells begin at (`left`, `top`). */
export interface Geometry {
  cell: number;
  gap: number;
  left: number;
  top: number;
  viewWidth: number;
  viewHeight: number;
  barWidth: number;
  barHeight: number;
  width: number;
  height: number;
  font: number;
  tilt: Tilt;
  /** Whether zooming in would help to read the headings. */
  crowded: boolean;
}

/** Font size at which headings are measured. */
export const LABEL_FONT = 14;

const ZOOMED_CELL = 40;
const LONGEST_LABEL = 120;
const BAR_WIDTH = 58;
const BAR_HEIGHT = 46;
const SLANTED_FROM = 17;
const SINE = Math.SQRT1_2;

/** Return where everything goes; cells are as large as the room allows, at least one pixel. */
export function layout(room: Room): Geometry {
  const barWidth = room.bars ? Math.min(BAR_WIDTH, room.width * 0.13) : 0;
  const barHeight = room.bars ? BAR_HEIGHT : 0;
  const font = fontFor(zoomed(room, headingRoom(room, LABEL_FONT), barWidth));
  const left = headingRoom(room, font);
  const estimate = zoomed(room, left, barWidth);
  const labels = room.columnLabels.map((width) =>
    Math.min((width * font) / LABEL_FONT, LONGEST_LABEL),
  );
  const tilt = tiltOf(labels, estimate);
  const top = headHeight(labels, tilt, font);
  const right = Math.max(barWidth, tilt === "slanted" ? overhang(labels, estimate) : 4);
  const cell = whole(zoomed(room, left, right));
  const viewWidth = Math.min(room.columns * cell, Math.floor(room.width - left - right));
  const viewHeight = Math.min(room.rows * cell, Math.max(room.height, 40));
  return {
    cell,
    gap: cell >= 20 ? 2 : cell >= 9 ? 1 : 0,
    left,
    top,
    viewWidth,
    viewHeight,
    barWidth,
    barHeight,
    width: left + viewWidth + right,
    height: top + viewHeight + barHeight,
    font,
    tilt,
    crowded: fitting(room, left, right) < SLANTED_FROM,
  };
}

function fontFor(cell: number): number {
  return cell >= 22 ? LABEL_FONT : cell >= 15 ? 12 : 10.5;
}

function headingRoom({ rowLabel, width }: Room, font: number): number {
  return Math.ceil(Math.min((rowLabel * font) / LABEL_FONT + 10, width * 0.3, 150));
}

function tiltOf(labels: number[], cell: number): Tilt {
  if (Math.max(0, ...labels) <= cell - 2) return "level";
  return cell < SLANTED_FROM ? "upright" : "slanted";
}

function headHeight(labels: number[], tilt: Tilt, font: number): number {
  const longest = Math.max(0, ...labels);
  if (tilt === "level") return Math.ceil(font * 1.2 + 8);
  return Math.ceil((tilt === "upright" ? longest : longest * SINE + 9) + 6);
}

/** How far slanted headings reach beyond the last cell. */
function overhang(labels: number[], cell: number): number {
  const beyond = labels.map(
    (width, index) => width * SINE + 10 - (labels.length - index - 0.5) * cell,
  );
  return Math.min(Math.max(4, ...beyond), 80);
}

function fitting(room: Room, left: number, right: number): number {
  const across = (room.width - left - right) / Math.max(room.columns, 1);
  const down = room.height / Math.max(room.rows, 1);
  return Math.max(1, Math.min(room.largest, across, down));
}

function zoomed(room: Room, left: number, right: number): number {
  return Math.min(fitting(room, left, right) * room.zoom, Math.max(ZOOMED_CELL, room.largest));
}

function whole(cell: number): number {
  return cell >= 4 ? Math.floor(cell) : cell;
}

/** Return the first index and the one past the last that `scroll` leaves in view. */
export function inView(
  scroll: number,
  view: number,
  cell: number,
  count: number,
): [number, number] {
  const first = Math.max(0, Math.floor(scroll / cell));
  return [first, Math.min(count, Math.ceil((scroll + view) / cell))];
}

/** Return the index at a distance from the first cell's edge, or null outside. */
export function indexAt(distance: number, cell: number, count: number): number | null {
  const index = Math.floor(distance / cell);
  return index >= 0 && index < count ? index : null;
}

/** Choose headings at least `apart` pixels from each other, the strongest first. */
export function legible(
  first: number,
  end: number,
  cell: number,
  apart: number,
  strength: (index: number) => number,
): number[] {
  const all = Array.from({ length: Math.max(0, end - first) }, (_, offset) => first + offset);
  if (cell >= apart) return all;
  const reach = Math.ceil(apart / cell);
  const taken = new Set<number>();
  const free = (index: number) => {
    for (let near = index - reach + 1; near < index + reach; near++) {
      if (taken.has(near)) return false;
    }
    return true;
  };
  for (const index of all.sort((one, two) => strength(two) - strength(one))) {
    if (free(index)) taken.add(index);
  }
  return [...taken].sort((one, two) => one - two);
}
