import { effect, type Signal, signal } from "@preact/signals";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { embed, scales } from "../bokeh";
import { label } from "../text";
import { type Spot, Tip } from "../tip";
import { type Figure, library } from "./library";
import { plain } from "./numbers";
import type { Current, Pair, Selected } from "./protocol";
import type { Heat, Store } from "./store";

const TOOLS = ["box", "lasso", "pan"] as const;
type Tool = (typeof TOOLS)[number];
const CORNERS = 60;

interface Geometry {
  type: string;
  x: number[];
  y: number[];
  x0: number;
  x1: number;
  y0: number;
  y1: number;
}

/** How far from a point, in pixels, it is still meant. */
const NEAR = 12;
/** How long the pointer rests before it means a point, in milliseconds. */
const REST = 90;

interface At {
  x: number;
  y: number;
  sx: number;
  sy: number;
}

interface Under extends Spot {
  pair: Pair;
}

interface Gesture {
  final: boolean;
  geometry: Geometry;
}

/** Gold × predicted, the histogram of errors and, with linguistics, the map of word classes. */
export function Plots({ store }: { store: Store }) {
  const places = useRef<Record<string, HTMLDivElement | null>>({});
  const [plots, setPlots] = useState<Record<string, Figure>>({});
  const [tool, setTool] = useState<Tool>("box");
  const [under] = useState(() => signal<Under | null>(null));
  const theme = store.theme.value;
  const opened = store.opened.value;
  const ready = opened !== null;
  useEffect(() => {
    if (!ready) return;
    let gone = false;
    let shown: Record<string, Figure> = {};
    show(store, theme, places.current).then(
      (made) => {
        shown = made;
        if (made.scatter) point(store, made.scatter, under);
        if (gone) remove(made);
        else setPlots(made);
      },
      (error) => {
        store.error.value = `The plots cannot be shown: ${error.message}`;
      },
    );
    return () => {
      gone = true;
      remove(shown);
    };
  }, [store, theme, ready, under]);
  useEffect(() => follow(store, plots), [store, plots]);
  useEffect(() => {
    const scatter = plots.scatter;
    if (scatter) scatter.root.toolbar.active_drag = scatter.find(tool);
  }, [plots, tool]);
  const place = (name: string) => (element: HTMLDivElement | null) => {
    places.current[name] = element;
  };
  const gold = opened?.gold ?? true;
  return (
    <>
      {gold && (
        <figure class="sx-pane sx-scatter" aria-label="Scatter of gold and predicted scores">
          <figcaption class="sx-caption">
            <b>Gold × predicted</b>
            <Tools tool={tool} choose={setTool} />
          </figcaption>
          <div class="sv-framed">
            <div class="sx-plot" ref={place("scatter")} />
            <UnderPointer under={under.value} />
          </div>
        </figure>
      )}
      <div class="sx-pane sx-aside">
        <figure class="sx-histogram" aria-label="Histogram of errors">
          <figcaption class="sx-caption">
            <b>{gold ? "Error" : "Predicted score"}</b>
            <span>{gold ? "predicted − gold" : "drag to keep a range"}</span>
          </figcaption>
          <div class="sx-plot" ref={place("histogram")} />
        </figure>
        <figure class="sx-heat" hidden={!store.heat.value?.labels.length}>
          <figcaption class="sx-caption">
            <b>Word classes</b>
            <span>mean effect</span>
          </figcaption>
          <div class="sx-plot" ref={place("heat")} />
        </figure>
      </div>
    </>
  );
}

function Tools({ tool, choose }: { tool: Tool; choose(tool: Tool): void }) {
  const name = useId();
  return (
    <span class="sx-tools" role="radiogroup" aria-label="What dragging does">
      {TOOLS.map((one) => (
        <label key={one}>
          <input
            type="radio"
            name={name}
            class="sx-choice"
            checked={tool === one}
            onChange={() => choose(one)}
            aria-label={one === "pan" ? "Move the view" : `Select by ${one}`}
          />
          <span class="sx-tool">{one[0]?.toUpperCase() + one.slice(1)}</span>
        </label>
      ))}
    </span>
  );
}

/** The texts of the pair under the pointer. */
function UnderPointer({ under }: { under: Under | null }) {
  if (!under) return null;
  const { pair } = under;
  return (
    <Tip {...under}>
      <p dir="auto">{label(pair.a)}</p>
      <p dir="auto">{label(pair.b)}</p>
      <p>
        <i>
          gold {plain(pair.gold)}, predicted {plain(pair.score)}
        </i>
      </p>
    </Tip>
  );
}

/** Ask for the pair where the pointer rests, one question at a time. */
function point(store: Store, { root }: Figure, under: Signal<Under | null>): void {
  let timer: ReturnType<typeof setTimeout>;
  let rest: At | null = null;
  let waiting = false;
  const ask = () => {
    if (waiting || !rest) return;
    const at = rest;
    waiting = true;
    store.ask("point", meant(root, at), (answer) => {
      waiting = false;
      if (rest !== at) return ask();
      const pair = answer.ok ? answer.pairs[0] : undefined;
      if (!pair || distance(root, at, pair) > NEAR) return;
      under.value = { pair, left: at.sx, top: at.sy, low: at.sy > root.inner_height / 2 };
    });
  };
  const move = (at: At | null) => {
    clearTimeout(timer);
    rest = null;
    under.value = null;
    if (!at) return;
    timer = setTimeout(() => {
      rest = at;
      ask();
    }, REST);
  };
  root.on_event("mouseleave", () => move(null));
  root.on_event("mousemove", move);
}

/** A place in the scatter, and how long units are there. */
function meant(root: Figure["root"], { x, y }: { x: number; y: number }) {
  return { gold: x, score: y, ...scales(root) };
}

function distance(root: Figure["root"], at: At, pair: Pair): number {
  const { across, up } = scales(root);
  return Math.hypot(((pair.gold ?? 0) - at.x) * across, ((pair.score ?? 0) - at.y) * up);
}

function remove(plots: Record<string, Figure>): void {
  for (const plot of Object.values(plots)) plot.remove();
}

async function show(
  store: Store,
  theme: string,
  places: Record<string, HTMLDivElement | null>,
): Promise<Record<string, Figure>> {
  const bokeh = await library(store);
  const items = await new Promise<Record<string, unknown>>((resolve, reject) => {
    store.ask("plots", { theme }, (answer) => {
      if (answer.ok) resolve(answer.items);
      else reject(new Error(answer.error));
    });
  });
  const plots: Record<string, Figure> = {};
  for (const [name, item] of Object.entries(items)) {
    const place = places[name];
    if (place) plots[name] = await embed(bokeh, item, place);
  }
  listen(store, plots);
  return plots;
}

/** One message for each gesture, when it is over. */
function listen(store: Store, plots: Record<string, Figure>): void {
  plots.scatter?.root.on_event("selectiongeometry", ({ final, geometry }: Gesture) => {
    const corners = final ? cornersOf(geometry) : null;
    if (corners) store.filter("region", corners);
  });
  plots.scatter?.root.on_event("tap", (at: At) => {
    if (plots.scatter) store.ask("tap", meant(plots.scatter.root, at));
  });
  plots.histogram?.root.on_event("selectiongeometry", ({ final, geometry }: Gesture) => {
    if (final && geometry.type === "rect") {
      store.filter(
        "span",
        [geometry.x0, geometry.x1].sort((one, two) => one - two),
      );
    }
  });
}

function cornersOf({ type, x, y, x0, x1, y0, y1 }: Geometry): number[][] | null {
  if (type === "rect") {
    return [
      [x0, y0],
      [x1, y0],
      [x1, y1],
      [x0, y1],
    ];
  }
  if (type !== "poly" || x.length < 3) return null;
  const step = Math.max(1, x.length / CORNERS);
  const count = Math.ceil(x.length / step);
  return Array.from({ length: count }, (_, index) => {
    const at = Math.min(x.length - 1, Math.round(index * step));
    return [x[at] ?? 0, y[at] ?? 0];
  });
}

/** Let the plots show what is selected, as it changes. */
function follow(store: Store, plots: Record<string, Figure>): () => void {
  const stops = [
    effect(() => select(plots, store.selected.value)),
    effect(() => warm(plots.heat, store.heat.value)),
    effect(() => mark(plots.scatter, store.current.value)),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

function select(plots: Record<string, Figure>, selected: Selected | null): void {
  if (!selected) return;
  for (const plot of Object.values(plots)) {
    for (const [name, data] of Object.entries(selected.sources)) {
      const source = plot.find(name);
      if (source) source.data = data;
    }
  }
  const region = plots.scatter?.find("region");
  if (region) {
    region.xs = selected.region?.map(([x]) => x ?? 0) ?? [];
    region.ys = selected.region?.map(([, y]) => y ?? 0) ?? [];
    region.visible = selected.region !== null;
  }
  const span = plots.histogram?.find("span");
  if (span) {
    const [left = 0, right = 0] = selected.span ?? [];
    span.left = left;
    span.right = right;
    span.visible = selected.span !== null;
  }
}

function warm(plot: Figure | undefined, heat: Heat | null): void {
  if (!plot || !heat?.labels.length) return;
  const colors = plot.find("colors");
  const [across, down, cells] = ["across", "down", "cells"].map((name) => plot.find(name));
  if (!colors || !across || !down || !cells) return;
  across.factors = heat.labels;
  down.factors = [...heat.labels].reverse();
  colors.low = -heat.limit;
  colors.high = heat.limit;
  cells.data = heat.cells;
}

function mark(plot: Figure | undefined, { gold, score }: Current): void {
  const marker = plot?.find("marker");
  if (!marker) return;
  const known = gold !== null && score !== null;
  marker.data = { x: known ? [gold] : [], y: known ? [score] : [] };
}
