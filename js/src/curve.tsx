import { firstDigit } from "./text";
import type { Store } from "./types";

const WIDTH = 130;
const HEIGHT = 26;
const PAD = 4;

/** How the relative residual falls with the steps, on a logarithmic scale, with the tolerance. */
export function Curve({ store }: { store: Store }) {
  const points = store.history.value.filter(([, error]) => error > 0);
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last || points.length < 2) return null;
  const tolerance = toleranceOf(store);
  const errors = points.map(([, error]) => error).concat(tolerance ?? []);
  const x = scale(first[0], last[0], PAD, WIDTH - PAD);
  const log = scale(
    Math.log(Math.max(...errors)),
    Math.log(Math.min(...errors)),
    PAD,
    HEIGHT - PAD,
  );
  const y = (error: number) => log(Math.log(error));
  const goal = tolerance && `; the tolerance is ${firstDigit(tolerance)}`;
  const course = `Relative residual from ${said(first)} to ${said(last)}${goal ?? ""}`;
  return (
    <div class="sv-curve">
      <span>error vs steps</span>
      <svg width={WIDTH} height={HEIGHT} role="img" aria-label={course}>
        {tolerance && <line x1={0} x2={WIDTH} y1={y(tolerance)} y2={y(tolerance)} />}
        <polyline points={points.map(([steps, error]) => `${x(steps)},${y(error)}`).join(" ")} />
        <circle cx={x(last[0])} cy={y(last[1])} r={2.5} />
      </svg>
      <span class="sv-value">{firstDigit(last[1])}</span>
    </div>
  );
}

/** What the residual has to reach; results with random references aim at their standard error. */
function toleranceOf(store: Store): number | null {
  const { rule, tolerance } = store.settings;
  const random = store.frame.value?.units[0]?.standardError;
  const aimed = rule.value === "adaptive" && store.choices.live.value && !random;
  return aimed ? tolerance.value : null;
}

/** The residual after so many steps. */
type Point = [number, number];

function said([steps, error]: Point): string {
  return `${firstDigit(error)} at ${steps} steps`;
}

/** Straight from one range to another, to a tenth. */
function scale(from: number, to: number, start: number, end: number): (value: number) => number {
  const slope = (end - start) / (to - from || 1);
  return (value) => Math.round(10 * (start + (value - from) * slope)) / 10;
}
