import { clear, fitCanvas, hatch, type Inks, ring, runs } from "./brush";
import { tableIndex } from "./color";
import { type Geometry, inView } from "./geometry";
import { paintBars } from "./margins";
import { cellAt, type Marks, type Scene } from "./scene";
import { compact } from "./text";

const STRONG = 0.3;
const ROOM_FOR_NUMBERS = 24;
/** How much of the page covers what fades. */
const FADE = 0.72;

type Brush = CanvasRenderingContext2D;

/** Draws a matrix on one canvas, and what is marked in it on a second one above. */
export class MatrixCanvas {
  readonly #base: Brush;
  readonly #overlay: Brush;
  #pixels: OffscreenCanvas | null = null;
  #doubts: OffscreenCanvas | null = null;
  #x = 0;
  #y = 0;
  #ratio = 1;
  #scene: Scene | null = null;
  #geometry!: Geometry;
  #inks!: Inks;
  #pattern!: CanvasPattern;

  constructor(base: HTMLCanvasElement, overlay: HTMLCanvasElement) {
    this.#base = base.getContext("2d") as Brush;
    this.#overlay = overlay.getContext("2d") as Brush;
  }

  /** Draw a scene anew. */
  show(scene: Scene, geometry: Geometry, inks: Inks): void {
    const zoom = (this.#base.canvas as { currentCSSZoom?: number }).currentCSSZoom ?? 1;
    this.#ratio = (window.devicePixelRatio || 1) * zoom;
    this.#scene = scene;
    this.#geometry = geometry;
    this.#inks = inks;
    this.#pixels = null;
    this.#doubts = null;
    this.#pattern = hatch(this.#base, inks.text, geometry.cell >= 12 ? 0.22 : 0.12, this.#ratio);
    fitCanvas(this.#base.canvas, geometry, this.#ratio);
    fitCanvas(this.#overlay.canvas, geometry, this.#ratio);
    this.#paint(scene);
  }

  /** Move the window on the cells. */
  scroll(x: number, y: number): void {
    this.#x = x;
    this.#y = y;
    if (this.#scene) this.#paint(this.#scene);
  }

  /** Draw crosshair, pins and block; the cells below stay as they are. */
  mark(marks: Marks): void {
    const overlay = this.#overlay;
    const scene = this.#scene;
    if (!scene) return;
    clear(overlay, this.#ratio);
    overlay.save();
    this.#enter(overlay);
    if (marks.focused) this.#fade(scene, marks.pins);
    for (const pin of marks.pins) this.#markPin(pin);
    if (marks.block) this.#markBlock(marks.block);
    this.#markCross(scene, marks);
    overlay.restore();
  }

  #paint(scene: Scene): void {
    const base = this.#base;
    clear(base, this.#ratio);
    base.save();
    this.#enter(base);
    if (this.#geometry.gap > 0) this.#paintCells(scene);
    else this.#paintPixels(scene);
    this.#paintRules(scene);
    base.restore();
    const x = this.#x;
    const y = this.#y;
    if (scene.rowBars)
      paintBars(base, scene.rowBars, scene.rows, this.#rows, y, this.#geometry, this.#inks, true);
    if (scene.columnBars)
      paintBars(
        base,
        scene.columnBars,
        scene.columns,
        this.#columns,
        x,
        this.#geometry,
        this.#inks,
        false,
      );
  }

  /** Clip to the cells and put the origin on the first one. */
  #enter(brush: Brush): void {
    const { left, top, viewWidth, viewHeight } = this.#geometry;
    brush.beginPath();
    brush.rect(left, top, viewWidth, viewHeight);
    brush.clip();
    brush.translate(left - this.#x, top - this.#y);
  }

  #paintPixels(scene: Scene): void {
    const base = this.#base;
    const geometry = this.#geometry;
    const width = scene.columns.length * geometry.cell;
    const height = scene.rows.length * geometry.cell;
    this.#pixels ??= colored(scene);
    base.imageSmoothingEnabled = false;
    base.drawImage(this.#pixels, 0, 0, width, height);
    if (!scene.uncertain) return;
    this.#doubts ??= masked(scene, scene.uncertain);
    base.drawImage(
      this.#hatched(this.#doubts, width, height),
      this.#x,
      this.#y,
      geometry.viewWidth,
      geometry.viewHeight,
    );
  }

  /** The pattern where the mask is set, as large as the window. */
  #hatched(mask: OffscreenCanvas, width: number, height: number): OffscreenCanvas {
    const { viewWidth, viewHeight } = this.#geometry;
    const layer = new OffscreenCanvas(
      Math.max(1, Math.round(viewWidth * this.#ratio)),
      Math.max(1, Math.round(viewHeight * this.#ratio)),
    );
    const brush = layer.getContext("2d") as OffscreenCanvasRenderingContext2D;
    brush.scale(this.#ratio, this.#ratio);
    brush.imageSmoothingEnabled = false;
    brush.drawImage(mask, -this.#x, -this.#y, width, height);
    brush.globalCompositeOperation = "source-in";
    brush.fillStyle = this.#pattern;
    brush.fillRect(0, 0, viewWidth, viewHeight);
    return layer;
  }

  #paintCells(scene: Scene): void {
    const base = this.#base;
    const { cell, gap } = this.#geometry;
    const size = cell - gap;
    const radius = cell >= 20 ? 3 : 1.5;
    const doubtful = new Path2D();
    this.#eachInView((row, column) => {
      const index = cellAt(scene, row, column);
      const shown = scene.visible(index);
      const x = column * cell + gap / 2;
      const y = row * cell + gap / 2;
      base.fillStyle = scene.palette.color(shown ? (scene.values[index] ?? 0) : 0, scene.limit);
      base.beginPath();
      base.roundRect(x, y, size, size, radius);
      base.fill();
      if (!shown) return;
      if (scene.uncertain?.(index)) doubtful.roundRect(x, y, size, size, radius);
      if (scene.flips?.(index)) this.#paintFlip(x + size, y, size);
    });
    base.fillStyle = this.#pattern;
    base.fill(doubtful);
    if (cell >= ROOM_FOR_NUMBERS) this.#paintNumbers(scene);
  }

  #paintFlip(right: number, top: number, size: number): void {
    const arm = Math.max(3, Math.min(size * 0.32, 9));
    this.#base.beginPath();
    this.#base.moveTo(right - arm, top);
    this.#base.lineTo(right, top);
    this.#base.lineTo(right, top + arm);
    this.#base.fillStyle = this.#inks.text;
    this.#base.fill();
  }

  #paintNumbers(scene: Scene): void {
    const base = this.#base;
    const { cell } = this.#geometry;
    base.font = `${cell >= 34 ? 13 : cell >= 29 ? 11 : 10}px ${this.#inks.family}`;
    base.textAlign = "center";
    base.textBaseline = "middle";
    this.#eachInView((row, column) => {
      const index = cellAt(scene, row, column);
      const value = scene.values[index] ?? 0;
      if (Math.abs(value) < STRONG * scene.limit || !scene.visible(index)) return;
      const text = compact(value, scene.decimals);
      if (base.measureText(text).width > cell - 2) return;
      base.fillStyle = scene.palette.ink(value, scene.limit);
      base.fillText(text, (column + 0.5) * cell, (row + 0.5) * cell + 0.5);
    });
  }

  #paintRules(scene: Scene): void {
    const { cell } = this.#geometry;
    this.#base.fillStyle = this.#inks.line;
    for (const row of scene.rowRules) {
      this.#base.fillRect(0, row * cell - 0.5, scene.columns.length * cell, 1);
    }
    for (const column of scene.columnRules) {
      this.#base.fillRect(column * cell - 0.5, 0, 1, scene.rows.length * cell);
    }
  }

  #markCross(scene: Scene, { row, column, keyboard }: Marks): void {
    const overlay = this.#overlay;
    const inks = this.#inks;
    const { cell } = this.#geometry;
    const width = scene.columns.length * cell;
    const height = scene.rows.length * cell;
    overlay.strokeStyle = inks.quiet;
    overlay.lineWidth = 1;
    if (row !== null) overlay.strokeRect(0.5, row * cell + 0.5, width - 1, cell - 1);
    if (column !== null) overlay.strokeRect(column * cell + 0.5, 0.5, cell - 1, height - 1);
    if (row === null || column === null) return;
    const outer = keyboard ? inks.accent : inks.text;
    ring(overlay, [column * cell, row * cell, cell, cell], outer, inks.page);
  }

  #fade(scene: Scene, pins: Marks["pins"]): void {
    const overlay = this.#overlay;
    const { cell } = this.#geometry;
    overlay.globalAlpha = FADE;
    overlay.fillStyle = this.#inks.page;
    overlay.fillRect(0, 0, scene.columns.length * cell, scene.rows.length * cell);
    overlay.globalAlpha = 1;
    for (const pin of pins) {
      for (const rows of orAll(pin.rows, scene.rows)) {
        for (const columns of orAll(pin.columns, scene.columns)) {
          overlay.clearRect(...this.#box(rows, columns));
        }
      }
    }
  }

  #markPin(pin: { rows: number[]; columns: number[] }): void {
    for (const rows of runs(pin.rows)) {
      for (const columns of runs(pin.columns)) {
        ring(this.#overlay, this.#box(rows, columns), this.#inks.accent, this.#inks.page);
      }
    }
  }

  #markBlock({ rows, columns }: { rows: [number, number]; columns: [number, number] }): void {
    const overlay = this.#overlay;
    const inks = this.#inks;
    const box = this.#box(rows, columns);
    overlay.globalAlpha = 0.14;
    overlay.fillStyle = inks.accent;
    overlay.fillRect(...box);
    overlay.globalAlpha = 1;
    ring(overlay, box, inks.accent, inks.page);
  }

  #box(rows: [number, number], columns: [number, number]): [number, number, number, number] {
    const { cell } = this.#geometry;
    const width = (columns[1] - columns[0] + 1) * cell;
    const height = (rows[1] - rows[0] + 1) * cell;
    return [columns[0] * cell, rows[0] * cell, width, height];
  }

  get #rows(): [number, number] {
    const count = this.#scene?.rows.length ?? 0;
    return inView(this.#y, this.#geometry.viewHeight, this.#geometry.cell, count);
  }

  get #columns(): [number, number] {
    const count = this.#scene?.columns.length ?? 0;
    return inView(this.#x, this.#geometry.viewWidth, this.#geometry.cell, count);
  }

  #eachInView(visit: (row: number, column: number) => void): void {
    const [firstColumn, endColumn] = this.#columns;
    const [firstRow, endRow] = this.#rows;
    for (let row = firstRow; row < endRow; row++) {
      for (let column = firstColumn; column < endColumn; column++) visit(row, column);
    }
  }
}

/** Positions in runs; none stand for all. */
function orAll(positions: number[], all: number[]): [number, number][] {
  return positions.length ? runs(positions) : [[0, all.length - 1]];
}

/** One pixel a cell, in the colours of the values. */
function colored(scene: Scene): OffscreenCanvas {
  const { table } = scene.palette;
  const opaque = 0xff000000;
  const channel = (entry: number, which: number) => (table[3 * entry + which] ?? 0) << (8 * which);
  const words = Uint32Array.from({ length: table.length / 3 }, (_, entry) => {
    return opaque | channel(entry, 0) | channel(entry, 1) | channel(entry, 2);
  });
  return drawn(scene, (cell) => {
    const value = scene.visible(cell) ? (scene.values[cell] ?? 0) : 0;
    return words[tableIndex(value, scene.limit)] ?? 0;
  });
}

/** One pixel a cell, opaque where it is chosen. */
function masked(scene: Scene, chosen: (cell: number) => boolean): OffscreenCanvas {
  return drawn(scene, (cell) => (scene.visible(cell) && chosen(cell) ? 0xff000000 : 0));
}

function drawn(scene: Scene, word: (cell: number) => number): OffscreenCanvas {
  const width = scene.columns.length;
  const height = scene.rows.length;
  const image = new ImageData(Math.max(width, 1), Math.max(height, 1));
  const words = new Uint32Array(image.data.buffer);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      words[row * width + column] = word(cellAt(scene, row, column));
    }
  }
  const canvas = new OffscreenCanvas(image.width, image.height);
  (canvas.getContext("2d") as OffscreenCanvasRenderingContext2D).putImageData(image, 0, 0);
  return canvas;
}
