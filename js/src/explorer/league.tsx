import { useEffect, useRef, useState } from "preact/hooks";
import { label } from "../text";
import { change, count, interval, tone } from "./numbers";
import type { WordPair } from "./protocol";
import type { Store } from "./store";

interface Asked {
  order: string;
  up: boolean;
  sought: string;
}

type Key = "harm" | "count" | "effect" | "error" | "pair";

const COLUMNS: [Key, string, string][] = [
  ["pair", "Word pair", "A word of text A and one of text B"],
  ["count", "n", "Sentence pairs in which the two words meet"],
  ["effect", "Mean effect", "On the score, with its 95 % interval"],
  ["error", "Error", "Mean of predicted − gold where the two words meet"],
  ["harm", "Harm", "By how much the squared error would fall without their effect"],
];

/** How long a search waits for the next key, in milliseconds. */
const PAUSE = 150;

/** The word pairs that do most harm, sortable and searchable; a click keeps their pairs. */
export function League({ store }: { store: Store }) {
  const league = store.league.value;
  const selected = store.selected.value;
  const [asked, setAsked] = useState<Asked | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => setAsked((one) => (one && league && isSame(one, league) ? null : one)), [league]);
  const gold = store.opened.value?.gold ?? true;
  const pairs = league?.pairs ?? [];
  const { order, up, sought } = asked ?? league ?? { order: "", up: false, sought: "" };
  const stale = asked !== null || league?.version !== selected?.version;
  const rank = (change: Partial<Asked>, pause = 0) => {
    const next = { order, up, sought, ...change };
    setAsked(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => store.ask("rank", next), pause);
  };
  const sort = (key: Key) => rank({ order: key, up: order === key ? !up : key === "pair" });
  return (
    <div class="sx-pane sx-league" role="region" aria-label="Word pairs">
      <div class="sx-caption">
        <b>Word pairs</b>
        <input
          type="search"
          class="sx-field sx-find"
          placeholder="Find a word"
          aria-label="Find a word pair"
          value={sought}
          onInput={(event) => rank({ sought: event.currentTarget.value }, PAUSE)}
        />
      </div>
      <div
        class={`sx-window ${stale ? "sx-old" : ""}`}
        role="region"
        aria-label="Table of word pairs"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region has to be reachable
        tabIndex={0}
      >
        <table>
          <thead>
            <tr>
              {COLUMNS.filter(
                ([key]) => gold || key === "pair" || key === "count" || key === "effect",
              ).map(([key, name, what]) => (
                <th
                  key={key}
                  scope="col"
                  class={key === "pair" ? "" : "sx-number"}
                  aria-sort={order === key ? (up ? "ascending" : "descending") : "none"}
                >
                  <button type="button" title={what} onClick={() => sort(key)}>
                    {name}
                    <span aria-hidden="true">{order === key ? (up ? " ↑" : " ↓") : ""}</span>
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {pairs.map((pair) => (
              <Line
                key={`${pair.a}\n${pair.b}`}
                store={store}
                pair={pair}
                gold={gold}
                pressed={selected?.words?.[0] === pair.a && selected.words[1] === pair.b}
              />
            ))}
          </tbody>
        </table>
        {league && pairs.length === 0 && <Nothing least={league.least} sought={league.sought} />}
      </div>
    </div>
  );
}

function isSame(one: Asked, other: Asked): boolean {
  return one.order === other.order && one.up === other.up && one.sought === other.sought;
}

function Nothing({ least, sought }: { least: number; sought: string }) {
  return (
    <p class="sx-nothing">
      {sought
        ? "No word pair of these pairs has that."
        : least > 1
          ? `No two words meet in ${least} or more of these pairs.`
          : "None of these pairs is attributed yet."}
    </p>
  );
}

interface LineProps {
  store: Store;
  pair: WordPair;
  gold: boolean;
  pressed: boolean;
}

function Line({ store, pair, gold, pressed }: LineProps) {
  return (
    <tr class={pressed ? "sx-lit" : ""}>
      <td>
        <button
          type="button"
          class="sx-words"
          aria-pressed={pressed}
          onClick={() => store.filter("words", pressed ? null : [pair.a, pair.b])}
        >
          <bdi>{label(pair.a)}</bdi> <i>×</i> <bdi>{label(pair.b)}</bdi>
        </button>
      </td>
      <td class="sx-number">{count(pair.count)}</td>
      <td class="sx-number">
        <b class={tone(pair.effect.value)}>{change(pair.effect.value)}</b>{" "}
        <i>{interval(pair.effect)}</i>
      </td>
      {gold && (
        <>
          <td class="sx-number" title={interval(pair.error)}>
            {change(pair.error.value)}
          </td>
          <td class="sx-number">{change(pair.harm, 3)}</td>
        </>
      )}
    </tr>
  );
}
