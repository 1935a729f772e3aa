import type { Inks } from "./brush";
import type { Geometry } from "./geometry";
import type { Bars } from "./scene";

const AIR = 6;

/** Draw the bars of the rows at the right of the cells, or those of the columns below them. */
export function paintBars(
  brush: CanvasRenderingContext2D,
  bars: Bars,
  tokens: number[],
  [first, end]: [number, number],
  scroll: number,
  geometry: Geometry,
  inks: Inks,
  ofRows: boolean,
): void {
  const { cell } = geometry;
  const largest = tokens.reduce(
    (most, token) =>
      Math.max(most, Math.abs(bars.sums[token] ?? 0), Math.abs(bars.effects[token] ?? 0)),
    0,
  );
  const room = (ofRows ? geometry.barWidth : geometry.barHeight) - AIR - 2;
  const start =
    (ofRows ? geometry.left + geometry.viewWidth : geometry.top + geometry.viewHeight) + AIR;
  const origin = (ofRows ? geometry.top : geometry.left) - scroll;
  const thickness = Math.max(Math.min(cell, 1), Math.min(15, cell * 0.42));
  const draw = (middle: number, width: number, length: number, radius: number) => {
    brush.beginPath();
    if (ofRows) brush.roundRect(start, middle - width / 2, length, width, radius);
    else brush.roundRect(middle - width / 2, start, width, length, radius);
    brush.fill();
  };
  const scaled = (value: number) => (largest > 0 ? (Math.abs(value) / largest) * room : 0);
  for (let position = first; position < end; position++) {
    const token = tokens[position] ?? 0;
    const middle = origin + (position + 0.5) * cell;
    const sum = bars.sums[token] ?? 0;
    const effect = bars.effects[token] ?? 0;
    brush.fillStyle = sum < 0 ? inks.down : inks.up;
    draw(middle, thickness, Math.max(scaled(sum), 1), Math.min(2, thickness / 3));
    if (cell < 15 || scaled(effect) < 4) continue;
    brush.fillStyle = effect < 0 ? inks.down : inks.up;
    draw(middle + thickness / 2 + 3, 2, scaled(effect), 1);
  }
}
