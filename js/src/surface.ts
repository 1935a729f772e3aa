import { type Inks, inksOf } from "./brush";
import { type Geometry, indexAt, LABEL_FONT, layout } from "./geometry";
import { AxisLabels } from "./labels";
import { MatrixCanvas } from "./matrix";
import { shownPlaces } from "./navigation";
import { NOWHERE } from "./pointer";
import type { Bars, Marks, Scene } from "./scene";
import { decimalsFor, label } from "./text";
import type { Block, Hover, Palette, Token } from "./types";

/** A matrix to show; indices count all its rows and columns, shown or not. */
export interface HeatData {
  rows: Token[];
  columns: Token[];
  values: Float64Array;
  limit: number;
  palette: Palette;
  special: boolean;
  visible(cell: number): boolean;
  uncertain: ((cell: number) => boolean) | null;
  flips: ((cell: number) => boolean) | null;
  rowBars: Bars | null;
  columnBars: Bars | null;
}

/** The most that a heat map may take: all of it across, its cells down, and each cell. */
export interface Size {
  width: number;
  height: number;
  cell: number;
  zoom: number;
}

/** The elements that a surface draws on. */
export interface Parts {
  root: HTMLElement;
  base: HTMLCanvasElement;
  overlay: HTMLCanvasElement;
  scroller: HTMLElement;
  space: HTMLElement;
  rows: HTMLElement;
  columns: HTMLElement;
}

/** A heat map in the page: cells, headings, scrolling, and what lies under the pointer. */
export class Surface {
  readonly #parts: Parts;
  geometry: Geometry | null = null;
  readonly #canvas: MatrixCanvas;
  readonly #rowLabels: AxisLabels;
  readonly #columnLabels: AxisLabels;
  #data: HeatData | null = null;
  #scene: Scene | null = null;
  #rowPositions = new Map<number, number>();
  #columnPositions = new Map<number, number>();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#canvas = new MatrixCanvas(parts.base, parts.overlay);
    this.#rowLabels = new AxisLabels(parts.rows, true);
    this.#columnLabels = new AxisLabels(parts.columns, false);
  }

  /** Lay out and draw. */
  show(data: HeatData, size: Size): Geometry {
    const parts = this.#parts;
    const inks = inksOf(parts.root);
    const scene = sceneOf(data);
    this.#data = data;
    this.#scene = scene;
    this.#rowPositions = positions(scene.rows);
    this.#columnPositions = positions(scene.columns);
    const geometry = layout({
      width: size.width,
      height: size.height,
      rows: scene.rows.length,
      columns: scene.columns.length,
      rowLabel: Math.max(20, ...widths(data.rows, scene.rows, inks)),
      columnLabels: widths(data.columns, scene.columns, inks),
      bars: data.rowBars !== null,
      zoom: size.zoom,
      largest: size.cell,
    });
    const middle = this.#middle();
    this.geometry = geometry;
    this.#resize(geometry, scene);
    this.#center(middle);
    this.#canvas.show(scene, geometry, inks);
    this.scroll();
    return geometry;
  }

  /** The place in the middle of the view, as shares of the whole. */
  #middle(): [number, number] {
    const { scroller } = this.#parts;
    const share = (scroll: number, view: number, whole: number) =>
      whole > 0 ? (scroll + view / 2) / whole : 0.5;
    return [
      share(scroller.scrollLeft, scroller.clientWidth, scroller.scrollWidth),
      share(scroller.scrollTop, scroller.clientHeight, scroller.scrollHeight),
    ];
  }

  #center([x, y]: [number, number]): void {
    const { scroller } = this.#parts;
    scroller.scrollLeft = x * scroller.scrollWidth - scroller.clientWidth / 2;
    scroller.scrollTop = y * scroller.scrollHeight - scroller.clientHeight / 2;
  }

  #resize(geometry: Geometry, scene: Scene): void {
    const { root, scroller, space } = this.#parts;
    root.style.width = `${geometry.width}px`;
    root.style.height = `${geometry.height}px`;
    Object.assign(scroller.style, {
      left: `${geometry.left}px`,
      top: `${geometry.top}px`,
      width: `${geometry.viewWidth}px`,
      height: `${geometry.viewHeight}px`,
    });
    space.style.width = `${scene.columns.length * geometry.cell}px`;
    space.style.height = `${scene.rows.length * geometry.cell}px`;
  }

  /** Follow the scroller. */
  scroll(): void {
    const { scroller } = this.#parts;
    const geometry = this.geometry;
    const data = this.#data;
    const scene = this.#scene;
    if (!geometry || !data || !scene) return;
    const [x, y] = [scroller.scrollLeft, scroller.scrollTop];
    this.#canvas.scroll(x, y);
    this.#rowLabels.show(headings(data.rows, scene.rows, data.rowBars), geometry, y);
    this.#columnLabels.show(headings(data.columns, scene.columns, data.columnBars), geometry, x);
  }

  /** Mark rows, columns and cells, given by index. */
  mark(marks: Marks): void {
    const row = this.#positionOf(this.#rowPositions, marks.row);
    const column = this.#positionOf(this.#columnPositions, marks.column);
    this.#canvas.mark({
      row,
      column,
      keyboard: marks.keyboard,
      pins: marks.pins.map((pin) => ({
        rows: shownOnly(this.#rowPositions, pin.rows),
        columns: shownOnly(this.#columnPositions, pin.columns),
      })),
      block: marks.block && this.#shownBlock(marks.block),
      focused: marks.focused,
    });
    this.#rowLabels.highlight(row);
    this.#columnLabels.highlight(column);
  }

  #positionOf(positions: Map<number, number>, index: number | null): number | null {
    return index === null ? null : (positions.get(index) ?? null);
  }

  #shownBlock(block: Block): Block | null {
    const rows = shownOnly(this.#rowPositions, span(block.rows));
    const columns = shownOnly(this.#columnPositions, span(block.columns));
    const ends = (list: number[]): [number, number] => [list[0] ?? 0, list.at(-1) ?? 0];
    return rows.length && columns.length ? { rows: ends(rows), columns: ends(columns) } : null;
  }

  /** Return the row and column under a point; over a heading only one of them. */
  at(clientX: number, clientY: number): Hover {
    const geometry = this.geometry;
    const scene = this.#scene;
    const parts = this.#parts;
    if (!geometry || !scene) return NOWHERE;
    const box = parts.root.getBoundingClientRect();
    const x = (clientX - box.left) * (geometry.width / box.width) - geometry.left;
    const y = (clientY - box.top) * (geometry.height / box.height) - geometry.top;
    const insideX = x >= 0 && x < geometry.viewWidth;
    const insideY = y >= 0 && y < geometry.viewHeight;
    const row = insideY
      ? indexAt(y + parts.scroller.scrollTop, geometry.cell, scene.rows.length)
      : null;
    const slanted = y < 0 && geometry.tilt === "slanted" ? x + y : x;
    const along = y < 0 ? slanted : insideX ? x : -1;
    const column =
      along >= 0 && along < geometry.viewWidth
        ? indexAt(along + parts.scroller.scrollLeft, geometry.cell, scene.columns.length)
        : null;
    return {
      row: row === null ? null : (scene.rows[row] ?? null),
      column: column === null ? null : (scene.columns[column] ?? null),
    };
  }

  /** Scroll until a cell is in view. */
  reveal(row: number, column: number): void {
    const geometry = this.geometry;
    const parts = this.#parts;
    const down = this.#rowPositions.get(row);
    const across = this.#columnPositions.get(column);
    if (!geometry || down === undefined || across === undefined) return;
    const { cell, viewWidth, viewHeight } = geometry;
    const { scroller } = parts;
    scroller.scrollTop = nearest(scroller.scrollTop, down * cell, cell, viewHeight);
    scroller.scrollLeft = nearest(scroller.scrollLeft, across * cell, cell, viewWidth);
  }
}

function nearest(scroll: number, start: number, cell: number, view: number): number {
  return Math.max(start + cell - view, Math.min(scroll, start));
}

function sceneOf(data: HeatData): Scene {
  const rows = shownPlaces(data.rows, data.special);
  const columns = shownPlaces(data.columns, data.special);
  return {
    values: data.values,
    stride: data.columns.length,
    rows,
    columns,
    limit: data.limit,
    decimals: decimalsFor(data.limit),
    palette: data.palette,
    visible: data.visible,
    uncertain: data.uncertain,
    flips: data.flips,
    rowRules: borders(data.rows, rows),
    columnRules: borders(data.columns, columns),
    rowBars: data.rowBars,
    columnBars: data.columnBars,
  };
}

function borders(tokens: Token[], indices: number[]): number[] {
  const kind = (position: number) => tokens[indices[position] ?? 0]?.role === "text";
  return indices.flatMap((_, position) =>
    position > 0 && kind(position) !== kind(position - 1) ? [position] : [],
  );
}

function positions(indices: number[]): Map<number, number> {
  return new Map(indices.map((index, position) => [index, position]));
}

function shownOnly(positions: Map<number, number>, indices: number[]): number[] {
  return indices.flatMap((index) => positions.get(index) ?? []);
}

function span([first, last]: [number, number]): number[] {
  return Array.from({ length: last - first + 1 }, (_, offset) => first + offset);
}

function headings(tokens: Token[], indices: number[], bars: Bars | null) {
  return indices.map((index) => ({
    token: tokens[index] as Token,
    strength: Math.abs(bars?.sums[index] ?? 0),
  }));
}

function widths(tokens: Token[], indices: number[], inks: Inks): number[] {
  const brush = new OffscreenCanvas(1, 1).getContext("2d") as OffscreenCanvasRenderingContext2D;
  brush.font = `600 ${LABEL_FONT}px ${inks.family}`;
  return indices.map((index) => brush.measureText(label(tokens[index]?.text ?? "")).width);
}
