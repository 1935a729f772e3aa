import type { Geometry } from "./geometry";

/** Colours that come from the style sheet. */
export interface Inks {
  text: string;
  quiet: string;
  page: string;
  line: string;
  accent: string;
  up: string;
  down: string;
  family: string;
}

/** Read the colours that hold for an element. */
export function inksOf(element: Element): Inks {
  const style = getComputedStyle(element);
  const read = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    text: read("text"),
    quiet: read("quiet"),
    page: read("page"),
    line: read("rule"),
    accent: read("accent"),
    up: read("up"),
    down: read("down"),
    family: style.fontFamily,
  };
}

/** Give a canvas the size of its geometry in device pixels. */
export function fitCanvas(canvas: HTMLCanvasElement, geometry: Geometry, ratio: number): void {
  const width = Math.round(geometry.width * ratio);
  const height = Math.round(geometry.height * ratio);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  canvas.style.width = `${geometry.width}px`;
  canvas.style.height = `${geometry.height}px`;
}

/** Empty a canvas and put its unit to one CSS pixel. */
export function clear(context: CanvasRenderingContext2D, ratio: number): void {
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, context.canvas.width, context.canvas.height);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
}

/** Draw a frame around cells that stands out on any colour. */
export function ring(
  context: CanvasRenderingContext2D,
  [x, y, width, height]: [number, number, number, number],
  outer: string,
  inner: string,
  heavy = true,
): void {
  const line = heavy && width > 8 && height > 8 ? 2 : 1;
  context.lineWidth = line;
  context.strokeStyle = outer;
  roundedOutline(context, x, y, width, height, line / 2);
  if (line === 1) return;
  context.lineWidth = 1;
  context.strokeStyle = inner;
  roundedOutline(context, x, y, width, height, 2.5);
}

function roundedOutline(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  width: number,
  height: number,
  inset: number,
): void {
  context.beginPath();
  context.roundRect(
    x + inset,
    y + inset,
    Math.max(width - 2 * inset, 0.5),
    Math.max(height - 2 * inset, 0.5),
    width > 12 && height > 12 ? 3 : 0,
  );
  context.stroke();
}

/** A pattern of thin diagonal lines, `size` device pixels apart. */
export function hatch(
  context: CanvasRenderingContext2D,
  color: string,
  opacity: number,
  ratio: number,
): CanvasPattern {
  const size = Math.round(6 * ratio);
  const tile = new OffscreenCanvas(size, size);
  const brush = tile.getContext("2d") as OffscreenCanvasRenderingContext2D;
  brush.strokeStyle = color;
  brush.globalAlpha = opacity;
  brush.lineWidth = Math.max(1, ratio * 0.8);
  brush.beginPath();
  for (const shift of [-size, 0, size]) {
    brush.moveTo(shift - 1, size + 1);
    brush.lineTo(shift + size + 1, -1);
  }
  brush.stroke();
  const pattern = context.createPattern(tile, "repeat") as CanvasPattern;
  pattern.setTransform(new DOMMatrix().scale(1 / ratio));
  return pattern;
}

/** Return the runs of neighbouring numbers in an ascending list. */
export function runs(ascending: number[]): [number, number][] {
  const found: [number, number][] = [];
  for (const index of ascending) {
    const last = found.at(-1);
    if (last && last[1] === index - 1) last[1] = index;
    else found.push([index, index]);
  }
  return found;
}
