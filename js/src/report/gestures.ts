import { scales } from "../bokeh";
import type { Spot } from "../tip";
import type { Data } from "./data";
import type { Figure, Model } from "./library";
import { type Corners, cellOf } from "./points";
import type { Study } from "./study";

/** How far from a point, in pixels, it is still meant. */
const NEAR = 14;

interface Gesture {
  final: boolean;
  geometry: {
    type: string;
    x: number[];
    y: number[];
    x0: number;
    x1: number;
    y0: number;
    y1: number;
  };
}

interface At {
  x: number;
  y: number;
  sx: number;
  sy: number;
}

/** What is under the pointer, and where that is in the figure. */
export interface Under extends Spot {
  place: number;
  /** How many pairs lie there, where they are counted in cells. */
  count: number | null;
}

/** Let boxes and lassos in the scatter, ranges in the histogram, and taps choose. */
export function listen(
  study: Study,
  { scatter, histogram }: Record<string, Figure | undefined>,
  hover: (under: Under | null) => void,
): void {
  scatter?.root.on_event("selectiongeometry", ({ final, geometry }: Gesture) => {
    const corners = final ? cornersOf(geometry) : null;
    if (corners) study.region.value = corners;
  });
  histogram?.root.on_event("selectiongeometry", ({ final, geometry }: Gesture) => {
    if (!final || geometry.type !== "rect") return;
    study.span.value = [Math.min(geometry.x0, geometry.x1), Math.max(geometry.x0, geometry.x1)];
  });
  scatter?.root.on_event("tap", (spot: At) => {
    const under = find(study, scatter.root, spot);
    if (under && study.pair(under.place)) study.current.value = under.place;
  });
  scatter?.root.on_event("mousemove", (spot: At) => hover(find(study, scatter.root, spot)));
  scatter?.root.on_event("mouseleave", () => hover(null));
}

function cornersOf({ type, x, y, x0, x1, y0, y1 }: Gesture["geometry"]): Corners | null {
  if (type === "rect") {
    return [
      [x0, y0],
      [x1, y0],
      [x1, y1],
      [x0, y1],
    ];
  }
  if (type !== "poly" || x.length < 3) return null;
  return Array.from(x, (each, index) => [each, y[index] ?? 0]);
}

/** The pair that a spot in the scatter means: the nearest point, else the worst of a cell. */
function find(study: Study, figure: Model, spot: At): Under | null {
  const { data } = study;
  const { places } = study.chosen.peek();
  const at = { left: spot.sx, top: spot.sy, low: spot.sy > figure.inner_height / 2 };
  if (!data.frame.points) return inCell(data, places, spot, at);
  const scale = scales(figure);
  let [nearest, least] = [-1, NEAR];
  for (const place of places) {
    const across = ((data.gold[place] ?? 0) - spot.x) * scale.across;
    const up = ((data.score[place] ?? 0) - spot.y) * scale.up;
    const distance = Math.hypot(across, up);
    if (distance < least) [nearest, least] = [place, distance];
  }
  return nearest < 0 ? null : { place: nearest, count: null, ...at };
}

function inCell(data: Data, places: readonly number[], spot: At, at: Spot): Under | null {
  const cell = cellOf(data, spot.x, spot.y);
  const found = places.filter(
    (place) => cellOf(data, data.gold[place] ?? 0, data.score[place] ?? 0) === cell,
  );
  const [place] = found;
  return place === undefined ? null : { place, count: found.length, ...at };
}
