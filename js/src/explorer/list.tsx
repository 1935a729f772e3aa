import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { label } from "../text";
import { change, count, plain, tone } from "./numbers";
import type { Pair } from "./protocol";
import type { Store } from "./store";

/** The height of a line in pixels; the stylesheet has it too. */
const HEIGHT = 54;
const MARGIN = 10;
const PAUSE = 300;

/** All pairs under study, of which the lines in view are in the page. */
export function List({ store }: { store: Store }) {
  const selected = store.selected.value;
  const current = store.current.value;
  const opened = store.opened.value;
  const view = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(0);
  const total = selected?.count ?? 0;
  const first = Math.max(0, Math.floor(top / HEIGHT) - MARGIN);
  const end = Math.min(total, Math.ceil((top + height) / HEIGHT) + MARGIN);
  useEffect(() => watchHeight(view.current, setHeight), []);
  useEffect(() => store.fetch(first, end), [store, selected?.version, first, end]);
  useEffect(() => {
    if (current.position === null) view.current?.scrollTo({ top: 0 });
  }, [selected?.version]);
  useEffect(() => reveal(view.current, current.position), [current.position, selected?.version]);
  const places = Array.from({ length: Math.max(0, end - first) }, (_, index) => first + index);
  return (
    <div
      role="listbox"
      class="sx-lines"
      aria-label="Pairs"
      aria-activedescendant={current.position === null ? undefined : idOf(store, current.position)}
      tabIndex={0}
      ref={view}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
    >
      <div class="sx-space" style={{ height: `${total * HEIGHT}px` }}>
        {places.map((place) => (
          <Line
            key={place}
            store={store}
            place={place}
            total={total}
            pair={store.lines.value.get(place)}
            chosen={place === current.position}
            compared={Boolean(opened?.compared)}
          />
        ))}
      </div>
      {selected && total === 0 && (
        <p class="sx-nothing">No pair meets all filters. Remove one to see more.</p>
      )}
    </div>
  );
}

function watchHeight(view: HTMLElement | null, set: (height: number) => void) {
  if (!view) return;
  const observer = new ResizeObserver(() => set(view.clientHeight));
  observer.observe(view);
  set(view.clientHeight);
  return () => observer.disconnect();
}

/** Scroll a line into view, within the list alone. */
function reveal(view: HTMLElement | null, place: number | null): void {
  if (!view || place === null) return;
  const [from, to] = [place * HEIGHT, (place + 1) * HEIGHT];
  if (from < view.scrollTop) view.scrollTop = from;
  else if (to > view.scrollTop + view.clientHeight) view.scrollTop = to - view.clientHeight;
}

function idOf(store: Store, place: number): string {
  return `${store.name}-${place}`;
}

interface LineProps {
  store: Store;
  place: number;
  total: number;
  pair: Pair | undefined;
  chosen: boolean;
  compared: boolean;
}

function Line({ store, place, total, pair, chosen, compared }: LineProps) {
  const error = pair && pair.gold !== null && pair.score !== null ? pair.score - pair.gold : null;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list itself has the keys
    <div
      role="option"
      class="sx-line"
      id={idOf(store, place)}
      aria-selected={chosen}
      aria-posinset={place + 1}
      aria-setsize={total}
      tabIndex={-1}
      style={{ top: `${place * HEIGHT}px` }}
      onClick={() => store.ask("open", { place, version: store.selected.peek()?.version })}
    >
      <span class="sx-star" aria-hidden={!pair?.star}>
        {pair?.star && (
          <>
            <span aria-hidden="true">★</span>
            <span class="sv-unseen">starred</span>
          </>
        )}
      </span>
      <span class="sx-texts">
        <span class="sx-text" dir="auto">
          {pair ? label(pair.a) : "…"}
        </span>
        <span class="sx-text" dir="auto">
          {pair ? label(pair.b) : ""}
        </span>
      </span>
      {pair?.tag && <span class="sx-tag">{label(pair.tag)}</span>}
      <span class="sx-numbers">
        <span>
          <i>gold</i> {plain(pair?.gold ?? null)}
        </span>
        <span>
          <i>pred</i> {compared && pair ? <Former pair={pair} /> : null}
          {plain(pair?.score ?? null)}
        </span>
      </span>
      <b class={`sx-error ${tone(error)}`}>{change(error)}</b>
    </div>
  );
}

function Former({ pair }: { pair: Pair }) {
  return (
    <>
      <i>{plain(pair.former)}</i> →{" "}
    </>
  );
}

/** How the list is searched and ordered. */
export function ListHead({ store }: { store: Store }) {
  const selected = store.selected.value;
  const orders = store.opened.value?.orders ?? [];
  const sought = selected?.search ?? "";
  const [text, setText] = useState(sought);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    if (timer.current === undefined) setText((typed) => (typed.trim() === sought ? typed : sought));
  }, [sought]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <div class="sx-list-head">
      <b>
        {count(selected?.count ?? 0)} {selected?.count === 1 ? "pair" : "pairs"}
      </b>
      <input
        type="search"
        class="sx-field"
        placeholder="Find in the texts"
        aria-label="Find in the texts"
        value={text}
        onInput={(event) => {
          const value = event.currentTarget.value;
          setText(value);
          clearTimeout(timer.current);
          timer.current = setTimeout(() => {
            timer.current = undefined;
            store.filter("search", value.trim() || null);
          }, PAUSE);
        }}
      />
      <label class="sx-order">
        <span>by</span>
        <select
          class="sx-field"
          aria-label="Order of the pairs"
          value={selected?.order ?? ""}
          onChange={(event) => store.ask("order", { order: event.currentTarget.value })}
        >
          {orders.map(({ key, label: name }) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

/** What is said of the pair that is looked at: star, tag, note. */
export function Marks({ store }: { store: Store }) {
  const { row, position, star, tag } = store.current.value;
  const total = store.selected.value?.count ?? 0;
  if (row === null) {
    return (
      <p class="sx-marks sx-quiet">
        Choose a pair, or step through them with <kbd>j</kbd> and <kbd>k</kbd>.
      </p>
    );
  }
  return (
    <div class="sx-marks" role="group" aria-label="Marks of this pair">
      <button
        type="button"
        class="sx-button"
        aria-label="Previous pair"
        onClick={() => store.ask("step", { by: -1 })}
      >
        ‹
      </button>
      <span class="sx-place">
        {position === null ? "not in the list" : `${count(position + 1)} of ${count(total)}`}
        {store.working.value && <span class="sx-working"> · computing …</span>}
      </span>
      <button
        type="button"
        class="sx-button"
        aria-label="Next pair"
        onClick={() => store.ask("step", { by: 1 })}
      >
        ›
      </button>
      <button
        type="button"
        class="sx-button sx-star"
        aria-pressed={star}
        aria-label="Star this pair"
        title="Star (s)"
        onClick={() => store.ask("star", {})}
      >
        {star ? "★" : "☆"}
      </button>
      <button
        type="button"
        class="sx-button sx-live"
        aria-pressed={store.live.value}
        title="Compute with the model: layer, baseline and steps can be changed"
        onClick={() => store.ask("live", { live: !store.live.peek() })}
      >
        Live
      </button>
      <TagField key={row} store={store} tag={tag} />
    </div>
  );
}

function TagField({ store, tag }: { store: Store; tag: string }) {
  const [text, setText] = useState(tag);
  useLayoutEffect(() => setText(tag), [tag]);
  const save = () => {
    if (text.trim() !== tag) store.ask("tag", { tag: text.trim() });
  };
  const list = `${store.name}-tags`;
  return (
    <label class="sx-tagging">
      <span class="sv-unseen">Error type of this pair</span>
      <input
        type="text"
        class="sx-field"
        list={list}
        placeholder="tag an error type (t)"
        aria-label="Error type of this pair"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onChange={save}
        onKeyDown={(event) => {
          if (event.key === "Enter") save();
        }}
      />
      <datalist id={list}>
        {store.tags.value.map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
    </label>
  );
}
