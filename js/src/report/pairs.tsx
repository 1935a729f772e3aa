import { useEffect, useRef, useState } from "preact/hooks";
import { mount } from "../mount";
import { pageHost } from "../standalone";
import { createStore } from "../state";
import { label, MINUS, signed } from "../text";
import { measure, type Pair } from "./data";
import type { Study } from "./study";

/** So many lines are added at a time. */
const LINES = 100;

/** The pairs that are selected, and the picture of one of them. */
export function Pairs({ study }: { study: Study }) {
  const kind = `${study.data.hasGold ? "" : "rp-single"} ${study.marks ? "rp-marked" : ""}`;
  return (
    <div class={`rp-pairs ${kind}`}>
      <div class="rp-card">
        <Selection study={study} />
        <Heads gold={study.data.hasGold} />
        <List study={study} />
      </div>
      <View study={study} />
    </div>
  );
}

function Heads({ gold }: { gold: boolean }) {
  return (
    <div class="rp-line rp-heads" aria-hidden="true">
      <span>text A</span>
      <span>text B</span>
      <span />
      {gold && <span>gold</span>}
      <span>predicted</span>
      {gold && <b>difference</b>}
    </div>
  );
}

function Selection({ study }: { study: Study }) {
  const { places, error, size } = study.chosen.value;
  const { data, marks } = study;
  const words = study.words.value === null ? null : data.words[study.words.value];
  return (
    <div class="rp-selection" aria-live="polite">
      <p>
        <b>{places.length.toLocaleString("en")}</b>{" "}
        {study.selective.value ? `of ${data.score.length.toLocaleString("en")} pairs` : "pairs"}
        {data.hasGold && places.length > 0 && (
          <span class="rp-quiet">
            {" "}
            MAE {size.toFixed(3)}, mean difference {signed(error, 3)}
          </span>
        )}
      </p>
      {words && (
        <p>
          with <bdi>{label(words.a)}</bdi> × <bdi>{label(words.b)}</bdi>
        </p>
      )}
      <p class="rp-buttons">
        {marks > 0 && (
          <label>
            <input
              type="checkbox"
              checked={study.marked.value}
              onChange={(event) => {
                study.marked.value = event.currentTarget.checked;
              }}
            />{" "}
            starred and tagged ({marks})
          </label>
        )}
        {study.selective.value && (
          <button type="button" onClick={() => study.clear()}>
            show all
          </button>
        )}
      </p>
    </div>
  );
}

const KEYS: Record<string, number> = {
  ArrowDown: 1,
  j: 1,
  ArrowUp: -1,
  k: -1,
  PageDown: 8,
  PageUp: -8,
  Home: Number.NEGATIVE_INFINITY,
  End: Number.POSITIVE_INFINITY,
};

function List({ study }: { study: Study }) {
  const listed = study.listed.value;
  const current = study.current.value;
  const list = useRef<HTMLDivElement>(null);
  const [most, setMost] = useState(LINES);
  const at = listed.findIndex(({ place }) => place === current);
  const shown = Math.max(most, at + 1);
  useEffect(() => setMost(LINES), [listed]);
  useEffect(() => reveal(list.current), [current, listed]);
  const step = (event: KeyboardEvent) => {
    const by = KEYS[event.key];
    if (by === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    study.step(by);
  };
  return (
    <>
      <div
        class="rp-list"
        role="listbox"
        aria-label="Pairs"
        aria-activedescendant={at < 0 ? undefined : `rp-pair-${current}`}
        tabIndex={0}
        ref={list}
        onKeyDown={step}
      >
        {listed.slice(0, shown).map((pair) => (
          <Line key={pair.place} study={study} pair={pair} chosen={pair.place === current} />
        ))}
      </div>
      {listed.length === 0 && <Nothing study={study} />}
      {listed.length > shown && (
        <button type="button" class="rp-more" onClick={() => setMost(shown + LINES)}>
          {`show ${Math.min(LINES, listed.length - shown)} more of ${listed.length.toLocaleString("en")}`}
        </button>
      )}
    </>
  );
}

function Nothing({ study }: { study: Study }) {
  return (
    <p class="rp-note rp-nothing">
      {study.chosen.value.places.length
        ? `The texts of these pairs are not in this report, which lists ${foremost(study)}.`
        : "No pair is selected."}
    </p>
  );
}

function foremost({ data }: Study): string {
  return data.hasGold ? "the largest errors" : "the highest scores";
}

/** Scroll the chosen line into view, within the list alone. */
function reveal(list: HTMLElement | null): void {
  const line = list?.querySelector<HTMLElement>("[aria-selected=true]");
  if (!list || !line) return;
  const [from, to] = [line.offsetTop, line.offsetTop + line.offsetHeight];
  if (from < list.scrollTop) list.scrollTop = from;
  else if (to > list.scrollTop + list.clientHeight) list.scrollTop = to - list.clientHeight;
}

function Line({ study, pair, chosen }: { study: Study; pair: Pair; chosen: boolean }) {
  const { data } = study;
  const value = measure(data, pair.place);
  const picture = data.views.has(pair.place);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list itself has the keys
    <div
      role="option"
      class="rp-line"
      id={`rp-pair-${pair.place}`}
      aria-selected={chosen}
      tabIndex={-1}
      onClick={() => {
        study.current.value = pair.place;
      }}
    >
      <span dir="auto">{label(pair.a)}</span>
      <span dir="auto">{label(pair.b)}</span>
      <span class="rp-marks">
        {pair.star && <span title="starred">★</span>}
        {pair.tag && <span class="rp-tag">{label(pair.tag)}</span>}
        {picture && <span class="rp-has" role="img" title="has a picture" aria-label="picture" />}
      </span>
      {data.hasGold && <span>{plain(data.gold[pair.place] ?? Number.NaN, 2)}</span>}
      <span>{plain(data.score[pair.place] ?? Number.NaN, 2)}</span>
      {data.hasGold && <b class={tone(value)}>{signed(value, 2)}</b>}
    </div>
  );
}

function tone(value: number): string {
  return Math.abs(value) < 0.005 ? "" : value > 0 ? "rp-up" : "rp-down";
}

function plain(value: number, decimals: number): string {
  return value.toFixed(decimals).replace("-", MINUS);
}

/** The interactive picture of the pair that is looked at, or its texts. */
function View({ study }: { study: Study }) {
  const place = study.current.value;
  const view = place === null ? undefined : study.data.views.get(place);
  const holder = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!holder.current || !view) return;
    const store = createStore(pageHost(view));
    const unmount = mount(store, holder.current);
    return () => {
      unmount();
      store.dispose();
    };
  }, [view]);
  const pair = place === null ? undefined : study.pair(place);
  return (
    <div class="rp-view" role="region" aria-label="The pair">
      {pair && <Head study={study} pair={pair} />}
      <div ref={holder} />
      {pair && !view && (
        <p class="rp-note">
          The picture of this pair is not in the report: it has those of {foremost(study)} and of
          marked pairs. In Python: <code>run.pair({pair.row})</code>
        </p>
      )}
    </div>
  );
}

function Head({ study, pair }: { study: Study; pair: Pair }) {
  const { data } = study;
  const score = data.score[pair.place] ?? Number.NaN;
  const gold = data.gold[pair.place] ?? Number.NaN;
  const bare = !data.views.has(pair.place);
  return (
    <div class="rp-pair">
      {bare && (
        <>
          <p dir="auto">{label(pair.a)}</p>
          <p dir="auto">{label(pair.b)}</p>
        </>
      )}
      <p class="rp-quiet">
        Row {pair.row}: predicted <b>{plain(score, 3)}</b>
        {data.hasGold && (
          <>
            , gold <b>{plain(gold, 3)}</b>, difference{" "}
            <b class={tone(score - gold)}>{signed(score - gold, 3)}</b>
          </>
        )}
        {pair.tag && (
          <>
            {" "}
            <span class="rp-tag">{label(pair.tag)}</span>
          </>
        )}
      </p>
    </div>
  );
}
