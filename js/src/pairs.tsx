import { useComputed } from "@preact/signals";
import { useMemo, useState } from "preact/hooks";
import { Bar } from "./bar";
import { pinMode } from "./keys";
import { lit, pointing, strongest } from "./lit";
import { listPairs, type Order, type SortKey, topPairs } from "./pairlist";
import { effect, label, percent } from "./text";
import type { Cell, Picture, Store } from "./types";

const TOP = 10;
const ROW_HEIGHT = 33;
const WINDOW = 24;
const MARGIN = 8;

const COLUMNS: [SortKey, string][] = [
  ["size", "Rank"],
  ["a", "Token of A"],
  ["b", "Token of B"],
  ["effect", "Effect"],
];

/** The strongest pairs, and the way to all of them. */
export function TopPairs({ store, picture }: { store: Store; picture: Picture }) {
  const { top, lowest } = topPairs(picture, store.visible.value, TOP);
  const count = picture.ranked.length;
  return (
    <div role="region" aria-label="Pairs by effect">
      <h2>
        Pairs by effect
        <button
          type="button"
          class="sv-link"
          onClick={() => {
            store.view.value = "pairs";
          }}
        >
          All {count}
        </button>
      </h2>
      <table class="sv-pairs" aria-label="Strongest pairs: rank, pair, effect, share">
        <tbody>
          {top.map((cell) => (
            <PairRow key={cell} store={store} picture={picture} cell={cell} />
          ))}
          {lowest !== null && (
            <>
              <tr class="sv-gap">
                <td colSpan={5}>…</td>
              </tr>
              <PairRow store={store} picture={picture} cell={lowest} />
            </>
          )}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  store: Store;
  picture: Picture;
  cell: number;
  /** Whether the tokens have a column each. */
  apart?: boolean;
}

function PairRow({ store, picture, cell, apart = false }: RowProps) {
  const width = picture.columns.length;
  const place: Cell = { row: Math.floor(cell / width), column: cell % width };
  const tone = useComputed(() => {
    const { row, column } = lit(store);
    return row === place.row && column === place.column ? "sv-lit" : "";
  });
  const pinned = store.pinSums.value.some(
    ({ rows, columns }) => rows.includes(place.row) && columns.includes(place.column),
  );
  const value = picture.values[cell] ?? 0;
  const one = label(picture.rows[place.row]?.text ?? "");
  const two = label(picture.columns[place.column]?.text ?? "");
  const button = (
    <button type="button" class="sv-pick" onClick={(event) => store.pinCell(place, pinMode(event))}>
      <bdi>{one}</bdi>
      {!apart && (
        <>
          {" "}
          <i>×</i> <bdi>{two}</bdi>
        </>
      )}
    </button>
  );
  return (
    <tr class={tone} {...pointing(store, place)}>
      <td class="sv-rank">{pinned ? <Pinned rank={picture.rank(cell)} /> : picture.rank(cell)}</td>
      <td class="sv-pair">{button}</td>
      {apart && (
        <td class="sv-pair">
          <bdi>{two}</bdi>
        </td>
      )}
      <td class="sv-length">
        <Bar value={value} largest={strongest(picture)} />
      </td>
      <td class="sv-effect">
        {effect(value)}
        {apart && <Doubt picture={picture} cell={cell} />}
      </td>
      <td class="sv-share">{percent(value / picture.ledger.score)}</td>
    </tr>
  );
}

function Pinned({ rank }: { rank: number }) {
  return (
    <>
      <span class="sv-dot" aria-hidden="true" />
      <span class="sv-unseen">{rank}, pinned</span>
    </>
  );
}

function Doubt({ picture, cell }: { picture: Picture; cell: number }) {
  const error = picture.error?.[cell];
  return error ? <span class="sv-doubt"> ± {error.toFixed(3).replace(/^0/, "")}</span> : null;
}

/** All pairs: sorted by a column, filtered by a word, rendered where they are in view. */
export function PairsTable({ store, picture }: { store: Store; picture: Picture }) {
  const [order, setOrder] = useState<Order>({ key: "size", reversed: false });
  const [sought, setSought] = useState("");
  const [first, setFirst] = useState(0);
  const visible = store.visible.value;
  const cells = useMemo(
    () => listPairs(picture, visible, sought, order),
    [picture, visible, sought, order],
  );
  const start = Math.max(0, Math.min(first, cells.length - WINDOW) - MARGIN);
  const end = Math.min(cells.length, start + WINDOW + 2 * MARGIN);
  const sort = (key: SortKey) => setOrder({ key, reversed: order.key === key && !order.reversed });
  return (
    <div class="sv-all">
      <div class="sv-find">
        <input
          type="search"
          class="sv-input"
          placeholder="Filter by word"
          aria-label="Filter pairs by word"
          value={sought}
          onInput={(event) => setSought(event.currentTarget.value)}
        />
        <span class="sv-quiet">
          {cells.length} of {picture.ranked.length} pairs
        </span>
      </div>
      <div
        role="region"
        class="sv-window"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region has to be reachable
        tabIndex={0}
        aria-label="All pairs"
        onScroll={(event) => setFirst(Math.floor(event.currentTarget.scrollTop / ROW_HEIGHT))}
      >
        <table class="sv-pairs" aria-rowcount={cells.length + 1}>
          <thead>
            <tr>
              {COLUMNS.map(([key, name]) => (
                <SortHeader
                  key={key}
                  name={name}
                  order={order}
                  column={key}
                  sort={() => sort(key)}
                />
              ))}
              <th scope="col" class="sv-share">
                Share
              </th>
            </tr>
          </thead>
          <tbody>
            <Space rows={start} />
            {Array.from(cells.subarray(start, end), (cell) => (
              <PairRow key={cell} store={store} picture={picture} cell={cell} apart />
            ))}
            <Space rows={cells.length - end} />
          </tbody>
        </table>
      </div>
    </div>
  );
}

function Space({ rows }: { rows: number }) {
  if (rows <= 0) return null;
  return (
    <tr>
      <td class="sv-space" colSpan={6} style={{ height: `${rows * ROW_HEIGHT}px` }} />
    </tr>
  );
}

interface SortProps {
  name: string;
  column: SortKey;
  order: Order;
  sort(): void;
}

function SortHeader({ name, column, order, sort }: SortProps) {
  const sorted = order.key === column;
  const up = (column === "a" || column === "b" || column === "size") !== order.reversed;
  return (
    <th
      scope="col"
      colSpan={column === "effect" ? 2 : 1}
      class={column === "effect" ? "sv-effect" : ""}
      aria-sort={sorted ? (up ? "ascending" : "descending") : "none"}
    >
      <button type="button" class="sv-sort" onClick={sort}>
        {name}
        <span aria-hidden="true">{sorted ? (up ? " ↑" : " ↓") : ""}</span>
      </button>
    </th>
  );
}
