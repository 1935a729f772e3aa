import { computed, type ReadonlySignal, useComputed, useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { counterpart, type Looked, type Source, sourcesOf } from "./comparison";
import { Gains } from "./gains";
import { type HeatEvents, Heatmap } from "./heatmap";
import { KEYS_HINT, steer } from "./keys";
import { lit, look } from "./lit";
import { Picker } from "./picker";
import { effect, label, term } from "./text";
import type { Hover, Picture, Store } from "./types";

const HEIGHT = 420;
const CELL = 30;

/** Two attributions on one scale with their difference. */
export function CompareView({ store, picture }: { store: Store; picture: Picture }) {
  const other = store.otherPicture.value;
  return (
    <div class="sv-compare">
      <Picker store={store} />
      {other ? (
        <Maps store={store} picture={picture} other={other} />
      ) : (
        <p class="sv-quiet">{waiting(store)}</p>
      )}
    </div>
  );
}

function waiting(store: Store): string {
  if (!store.choices.live.value) {
    return "This view holds one finished result. To compare, open explainer.view(text_a, text_b) in Python.";
  }
  if (!store.settings.compare.value) return "";
  return /failed|cancelled/.test(store.status.value.kind)
    ? "The other attribution did not come."
    : "The other attribution is on its way.";
}

function Maps({ store, picture, other }: { store: Store; picture: Picture; other: Picture }) {
  const difference = store.difference.value;
  const [palette, limit, special] = [store.palette.value, store.limit.value, store.special.value];
  const rival = rivals(picture, other);
  const sources = useMemo(
    () => sourcesOf(picture, other, rival ? null : difference, { palette, limit, special }),
    [picture, other, difference, rival, palette, limit, special],
  );
  const local = useSignal<Looked | null>(null);
  const looked = useComputed<Looked>(() => {
    const { row, column } = lit(store);
    const shown = store.picture.value;
    return (
      local.value ?? {
        row: shown?.rows[row ?? -1] ?? null,
        column: shown?.columns[column ?? -1] ?? null,
      }
    );
  });
  const eventsOf = (source: Source): HeatEvents => ({
    hover: (place) => {
      const tokens = tokensAt(source, place);
      local.value = tokens.row || tokens.column ? tokens : null;
      look(store, placeOf(tokens, picture));
    },
    pick: (place, mode) => {
      const { row, column } = placeOf(tokensAt(source, place), picture);
      if (row !== null && column !== null) store.pinCell({ row, column }, mode);
    },
    key: (event) => steer(store, event),
  });
  return (
    <>
      <Comparison sources={sources} looked={looked} />
      <div class="sv-three">
        {sources.map((source, index) => (
          <OneMap key={index} source={source} looked={looked} events={eventsOf(source)} />
        ))}
        {rival && <Gains store={store} one={picture} two={other} />}
      </div>
      <p class="sv-quiet">
        {sources.length > 2 && "A corner marks a change of sign. "}
        {!rival && !difference && "The two have no words in common, so cells have no difference. "}
        The maps share one scale.
      </p>
    </>
  );
}

/** Whether the two are about one text A with different texts B. */
function rivals(one: Picture, two: Picture): boolean {
  return (
    one.frame.textA === two.frame.textA &&
    one.frame.textB !== two.frame.textB &&
    one.rows.length === two.rows.length
  );
}

function tokensAt({ data }: Source, { row, column }: Hover): Looked {
  return { row: data.rows[row ?? -1] ?? null, column: data.columns[column ?? -1] ?? null };
}

function placeOf(tokens: Looked, shown: Pick<Picture, "rows" | "columns">): Hover {
  return {
    row: counterpart(tokens.row, shown.rows),
    column: counterpart(tokens.column, shown.columns),
  };
}

/** The values of the pair that is looked at, in every map. */
function Comparison({ sources, looked }: { sources: Source[]; looked: ReadonlySignal<Looked> }) {
  const { row, column } = looked.value;
  if (!row || !column) return <p class="sv-quiet">Hover a cell to read it in all maps.</p>;
  return (
    <p>
      <bdi>{label(row.text)}</bdi> × <bdi>{label(column.text)}</bdi>:{" "}
      {sources.map((source) => (
        <span class="sv-term" key={source.title}>
          {source.title} <b>{valueIn(source, looked.value)}</b>{" "}
        </span>
      ))}
    </p>
  );
}

function valueIn({ data }: Source, looked: Looked): string {
  const { row, column } = placeOf(looked, data);
  if (row === null || column === null) return "–";
  return effect(data.values[row * data.columns.length + column] ?? 0);
}

interface MapProps {
  source: Source;
  looked: ReadonlySignal<Looked>;
  events: HeatEvents;
}

function OneMap({ source, looked, events }: MapProps) {
  const { data, title, ledger } = source;
  const marks = useMemo(
    () =>
      computed(() => ({
        ...placeOf(looked.value, data),
        keyboard: false,
        pins: [],
        block: null,
        focused: false,
      })),
    [data, looked],
  );
  return (
    <figure class="sv-one">
      <figcaption>
        <b>{title}</b>
        <span class="sv-quiet">
          score {term(ledger.score)}, pairs {effect(ledger.pairs)}
        </span>
      </figcaption>
      <Heatmap
        data={data}
        marks={marks}
        name={`${title}: ${data.rows.length} by ${data.columns.length} token pairs. ${KEYS_HINT}`}
        height={HEIGHT}
        cell={CELL}
        events={events}
      />
    </figure>
  );
}
