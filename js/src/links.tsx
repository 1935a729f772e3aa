import { effect } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { KEYS_HINT, pinMode, steer } from "./keys";
import { lit, pointing, strongest, tokenPlace } from "./lit";
import { shownPlaces } from "./navigation";
import { NOWHERE } from "./pointer";
import { label, effect as printed } from "./text";
import type { Hover, Picture, PinSum, Side, Store } from "./types";

const MOST_LINKS = 80;
const LINKS_OF_ONE = 16;
const LEAST_SHARE = 0.02;
const WIDEST = 13;
const LEAST_STEP = 13;

/** The two texts as columns of words, with the effects as bands between them. */
export function Links({ store, picture }: { store: Store; picture: Picture }) {
  const special = store.special.value;
  const rows = shownPlaces(picture.rows, special);
  const columns = shownPlaces(picture.columns, special);
  const most = Math.max(rows.length, columns.length);
  const step = store.tallest.value ? fitted(store.tallest.value / most) : most > 40 ? 20 : 30;
  const height = most * step;
  const count = chosen(picture, store, NOWHERE).length;
  return (
    <div
      class="sv-links"
      role="application"
      aria-roledescription="links"
      aria-label={`${count} strongest links between the texts. ${KEYS_HINT}`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys move through the pairs
      tabIndex={0}
      onKeyDown={(event) => steer(store, event)}
      style={{ "--step": `${step}px` }}
    >
      <Words store={store} picture={picture} side="a" indices={rows} />
      <svg
        class="sv-bands"
        viewBox={`0 0 100 ${height}`}
        preserveAspectRatio="none"
        height={height}
        aria-hidden="true"
      >
        <Bands {...{ store, picture, rows, columns, step, height }} />
      </svg>
      <Words store={store} picture={picture} side="b" indices={columns} />
    </div>
  );
}

interface BandsProps {
  store: Store;
  picture: Picture;
  rows: number[];
  columns: number[];
  step: number;
  height: number;
}

/** Lines of this height, in bounds. */
function fitted(step: number): number {
  return Math.max(LEAST_STEP, Math.min(step, 30));
}

/** The bands alone are rendered anew while the pointer moves. */
function Bands({ store, picture, rows, columns, step, height }: BandsProps) {
  const place = lit(store);
  const at = (list: number[], index: number) =>
    (list.indexOf(index) + 0.5 + (height / step - list.length) / 2) * step;
  const width = picture.columns.length;
  return (
    <>
      {chosen(picture, store, place)
        .reverse()
        .map((cell) => {
          const from = Math.floor(cell / width);
          const to = cell % width;
          if (!rows.includes(from) || !columns.includes(to)) return null;
          return (
            <Band
              key={cell}
              store={store}
              picture={picture}
              cell={cell}
              from={at(rows, from)}
              to={at(columns, to)}
              state={stateOf(from, to, place) || fading(store, from, to)}
            />
          );
        })}
    </>
  );
}

/** The strongest cells of all, and those of the row or column that is looked at. */
function chosen(picture: Picture, store: Store, { row, column }: Hover): number[] {
  const visible = store.visible.value;
  const width = picture.columns.length;
  const least = LEAST_SHARE * strongest(picture);
  const cells: number[] = [];
  let own = 0;
  for (const [rank, cell] of picture.ranked.entries()) {
    const strength = Math.abs(picture.values[cell] ?? 0);
    const mine = Math.floor(cell / width) === row || cell % width === column;
    if (!visible(cell) || strength === 0) continue;
    if (mine ? own++ < LINKS_OF_ONE : rank < MOST_LINKS && strength >= least) cells.push(cell);
    if (rank >= MOST_LINKS && ((row === null && column === null) || own >= LINKS_OF_ONE)) break;
  }
  return cells;
}

/** Beside pins, what is not pinned fades. */
function fading({ focused, pinSums }: Store, from: number, to: number): string {
  const pinned = ({ rows, columns }: PinSum) =>
    (!rows.length || rows.includes(from)) && (!columns.length || columns.includes(to));
  return focused.value && !pinSums.value.some(pinned) ? "sv-faded" : "";
}

function stateOf(from: number, to: number, { row, column }: Hover): string {
  if (row === null && column === null) return "";
  const both = row !== null && column !== null;
  const touched = both ? from === row && to === column : from === row || to === column;
  return touched ? "sv-lit" : "sv-faded";
}

interface BandProps {
  store: Store;
  picture: Picture;
  cell: number;
  from: number;
  to: number;
  state: string;
}

function Band({ store, picture, cell, from, to, state }: BandProps) {
  const value = picture.values[cell] ?? 0;
  const limit = store.limit.value;
  const strength = limit > 0 ? Math.min(1, Math.abs(value) / limit) : 0;
  const width = picture.columns.length;
  const place = { row: Math.floor(cell / width), column: cell % width };
  const tone = Math.sign(value) * Math.max(0.45, strength) * limit;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the matrix has the same by keyboard
    <path
      class={`sv-band ${state}`}
      d={`M0 ${from} C45 ${from} 55 ${to} 100 ${to}`}
      stroke={store.palette.value.color(tone, limit)}
      stroke-width={(1 + (WIDEST - 1) * strength).toFixed(2)}
      stroke-dasharray={picture.uncertain(cell) ? "3 4" : undefined}
      style={{ "--strength": (0.3 + 0.7 * strength).toFixed(2) }}
      {...pointing(store, place)}
      onClick={(event) => store.pinCell(place, pinMode(event))}
    >
      <title>{printed(value)}</title>
    </path>
  );
}

interface WordsProps {
  store: Store;
  picture: Picture;
  side: Side;
  indices: number[];
}

function Words({ store, picture, side, indices }: WordsProps) {
  const ofA = side === "a";
  const list = useRef<HTMLUListElement>(null);
  const tokens = ofA ? picture.rows : picture.columns;
  const mark = (index: number | null, on: boolean) =>
    list.current?.children[indices.indexOf(index ?? -1)]?.toggleAttribute("data-lit", on);
  useLayoutEffect(() => {
    let marked: number | null = null;
    return effect(() => {
      mark(marked, false);
      const place = lit(store);
      marked = ofA ? place.row : place.column;
      mark(marked, true);
    });
  });
  const pins = store.pinSums.value.flatMap((sum) => (ofA ? sum.rows : sum.columns));
  return (
    <ul class={`sv-words sv-${side}`} ref={list}>
      {indices.map((index) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the matrix has the same by keyboard
        <li
          key={index}
          class={pins.includes(index) ? "sv-pinned" : ""}
          {...pointing(store, tokenPlace(side, index))}
          onClick={(event) => store.pinToken(side, index, pinMode(event))}
        >
          <bdi>{label(tokens[index]?.text ?? "")}</bdi>
        </li>
      ))}
    </ul>
  );
}
