import { effect, signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { embed } from "../bokeh";
import { label, signed } from "../text";
import { Tip } from "../tip";
import { listen, type Under } from "./gestures";
import { type Figure, unpack } from "./library";
import { barColumns, cellColumns, pointColumns } from "./points";
import { error } from "./problem";
import type { Study } from "./study";

const TOOLS = ["box", "lasso"] as const;
type Tool = (typeof TOOLS)[number];
type Plots = Record<string, Figure>;

/** The figures of the page: two of its own, and those whose places the page already has. */
export function Figures({ study, theme }: { study: Study; theme: string }) {
  const places = useRef<Record<string, Element | null>>({});
  const [plots, setPlots] = useState<Plots>({});
  const [tool, setTool] = useState<Tool>("box");
  const [under] = useState(() => signal<Under | null>(null));
  useEffect(() => {
    let gone = false;
    let shown: Plots = {};
    show(study, theme, places.current).then((made) => {
      shown = made;
      if (gone) return remove(made);
      listen(study, made, (found) => {
        under.value = found;
      });
      setPlots(made);
    }, error);
    return () => {
      gone = true;
      remove(shown);
    };
  }, [study, theme]);
  useEffect(() => follow(study, plots), [study, plots]);
  useEffect(() => {
    const { scatter } = plots;
    if (scatter) scatter.root.toolbar.active_drag = scatter.find(tool);
  }, [plots, tool]);
  const place = (name: string) => (element: HTMLDivElement | null) => {
    places.current[name] = element;
  };
  const { hasGold } = study.data;
  return (
    <div class={`rp-figures ${hasGold ? "" : "rp-single"}`}>
      {hasGold && (
        <figure aria-label="Scatter of gold and predicted scores">
          <figcaption>
            <h2>Gold × predicted</h2>
            <Tools tool={tool} choose={setTool} />
          </figcaption>
          <div class="sv-framed">
            <div class="rp-plot rp-tall" ref={place("scatter")} />
            <UnderPointer study={study} under={under.value} />
          </div>
        </figure>
      )}
      <figure aria-label={hasGold ? "Histogram of errors" : "Histogram of scores"}>
        <figcaption>
          <h2>{hasGold ? "Difference: predicted − gold" : "Predicted scores"}</h2>
          <span>drag to keep a range</span>
        </figcaption>
        <div class="rp-plot rp-tall" ref={place("histogram")} />
      </figure>
    </div>
  );
}

function Tools({ tool, choose }: { tool: Tool; choose(tool: Tool): void }) {
  return (
    <span class="rp-tools" role="radiogroup" aria-label="What dragging does">
      <span>drag to select</span>
      {TOOLS.map((one) => (
        <label key={one}>
          <input
            type="radio"
            name="rp-tool"
            checked={tool === one}
            onChange={() => choose(one)}
            aria-label={`Select by ${one}`}
          />
          <span>{one}</span>
        </label>
      ))}
    </span>
  );
}

/** What is known of the pair under the pointer; text alone. */
function UnderPointer({ study, under }: { study: Study; under: Under | null }) {
  if (!under) return null;
  const { gold, score } = study.data;
  const pair = study.pair(under.place);
  const [from, to] = [gold[under.place] ?? 0, score[under.place] ?? 0];
  return (
    <Tip {...under}>
      {under.count !== null && (
        <p>
          <b>{under.count.toLocaleString("en")}</b> {under.count === 1 ? "pair" : "pairs"} here
          {pair && ", the one of the largest error:"}
        </p>
      )}
      {pair && (
        <>
          <p dir="auto">{label(pair.a)}</p>
          <p dir="auto">{label(pair.b)}</p>
        </>
      )}
      {(pair || under.count === null) && (
        <p class="rp-quiet">
          gold {from.toFixed(2)}, predicted {to.toFixed(2)}, difference {signed(to - from, 2)}
        </p>
      )}
    </Tip>
  );
}

function remove(plots: Plots): void {
  for (const plot of Object.values(plots)) plot.remove();
}

let bokeh: ReturnType<typeof unpack> | undefined;

async function show(
  study: Study,
  theme: string,
  places: Record<string, Element | null>,
): Promise<Plots> {
  bokeh ??= unpack(document);
  const library = await bokeh;
  const plots: Plots = {};
  for (const [name, item] of Object.entries(study.data.figures[theme] ?? {})) {
    const place = places[name] ?? document.getElementById(`rp-${name}`);
    if (place) plots[name] = await embed(library, item, place);
  }
  return plots;
}

/** Let the figures show what is selected, as it changes. */
function follow(study: Study, plots: Plots): () => void {
  const { data } = study;
  const all = Array.from(data.score, (_, place) => place);
  const { scatter, histogram } = plots;
  const points = data.frame.points ? pointColumns : cellColumns;
  const [rest, chosen] = data.frame.points ? ["points", "chosen"] : ["cells", "chosen cells"];
  const stops = [
    effect(() => {
      const { places } = study.chosen.value;
      fill(histogram, "bars", barColumns(data, places));
      fill(scatter, chosen, points(data, places));
    }),
    effect(() => {
      const behind = study.selective.value ? all : [];
      fill(histogram, "all bars", barColumns(data, behind));
      fill(scatter, rest, points(data, behind));
    }),
    effect(() => {
      const place = study.current.value;
      fill(scatter, "marker", pointColumns(data, place === null ? [] : [place]));
    }),
    effect(() => outline(study, plots)),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

function fill(plot: Figure | undefined, name: string, columns: Record<string, number[]>): void {
  const source = plot?.find(name);
  if (source) source.data = columns;
}

function outline(study: Study, { scatter, histogram }: Plots): void {
  const [region, span] = [study.region.value, study.span.value];
  const corners = scatter?.find("corners");
  if (corners) {
    corners.xs = region?.map(([x]) => x) ?? [];
    corners.ys = region?.map(([, y]) => y) ?? [];
    corners.visible = region !== null;
  }
  const range = histogram?.find("span");
  if (range) {
    [range.left, range.right] = span ?? [0, 0];
    range.visible = span !== null;
  }
}
