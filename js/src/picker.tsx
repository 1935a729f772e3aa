import { Fragment } from "preact";
import { useState } from "preact/hooks";
import { Choice, named } from "./controls";
import { stay } from "./keys";
import type { Compare, Store } from "./types";

type Kind = keyof Compare | "";

/** What a result can be compared with, and what for. */
const KINDS: [Kind, string, string?][] = [
  ["", "nothing"],
  ["baseline", "another baseline", "How much hangs on the reference?"],
  ["layer", "another layer", "Which words count at another depth?"],
  ["text_b", "another text B", "What makes one candidate more similar to A?"],
  ["method", "deletion differences", "Does leaving tokens out say the same?"],
];

/** What to compare with: first in which respect, then the other value. */
export function Picker({ store }: { store: Store }) {
  const compare = store.settings.compare.value;
  const [picked, pick] = useState<Kind | null>(null);
  if (!store.choices.live.value) return null;
  const kind = picked ?? kindOf(compare);
  const choose = (chosen: Kind) => {
    pick(chosen);
    const first = firstOf(chosen, store);
    if (first !== undefined) store.change({ compare: first });
  };
  const kinds = KINDS.map(([name, text]): [Kind, string] => [name, text]);
  if (kind === "model") kinds.push(["model", "another model"]);
  return (
    <>
      <div class="sv-picker">
        <Choice
          label="compare with"
          options={kinds}
          value={kind}
          choose={(name) => choose(name as Kind)}
        />
        <Value store={store} kind={kind} compare={compare} />
      </div>
      {kind === "" && <Invitation choose={choose} />}
    </>
  );
}

function Invitation({ choose }: { choose(kind: Kind): void }) {
  return (
    <div class="sv-invitation">
      {KINDS.slice(1).map(([kind, name, hint]) => (
        <Fragment key={kind}>
          <button
            type="button"
            class="sv-button"
            onClick={(event) => {
              stay(event);
              choose(kind);
            }}
          >
            {name}
          </button>
          <span class="sv-quiet">{hint}</span>
        </Fragment>
      ))}
    </div>
  );
}

function kindOf(compare: Compare | null): Kind {
  return (
    KINDS.map(([kind]) => kind).find((kind) => kind && compare?.[kind] !== undefined) ??
    (compare?.model ? "model" : "")
  );
}

/** The comparison to begin with; undefined where the user has to say more. */
function firstOf(kind: Kind, store: Store): Compare | null | undefined {
  if (kind === "baseline") return { baseline: others(store)[0] ?? "mask" };
  if (kind === "layer") return { layer: layersBut(store)[0] ?? 0 };
  if (kind === "method") return { method: "deletion" };
  return kind === "" ? null : undefined;
}

function others(store: Store): string[] {
  const current = store.settings.baseline.value;
  return store.choices.baselines.value.filter((name) => name !== current);
}

function layersBut(store: Store): number[] {
  const current = store.settings.layer.value;
  const all = Array.from({ length: store.choices.layers.value + 1 }, (_, layer) => layer);
  return all.filter((layer) => layer !== current);
}

function Value({ store, kind, compare }: { store: Store; kind: Kind; compare: Compare | null }) {
  if (kind === "baseline") {
    return (
      <Choice
        label="baseline"
        options={others(store).map((name) => [name, name])}
        value={compare?.baseline ?? ""}
        choose={(baseline) => store.change({ compare: { baseline } })}
      />
    );
  }
  if (kind === "layer") {
    return (
      <Choice
        label="layer"
        options={layersBut(store).map((layer) => [String(layer), String(layer)])}
        value={String(compare?.layer ?? "")}
        choose={(layer) => store.change({ compare: { layer: Number(layer) } })}
      />
    );
  }
  if (kind === "text_b") return <OtherText store={store} text={compare?.text_b ?? ""} />;
  return kind === "model" ? <span class="sv-control">{named(compare?.model ?? "")}</span> : null;
}

function OtherText({ store, text }: { store: Store; text: string }) {
  return (
    <label class="sv-control sv-grow">
      <span class="sv-name">text</span>
      <input
        class="sv-input"
        dir="auto"
        placeholder="Another text B; Enter compares"
        defaultValue={text}
        onChange={(event) => {
          const other = event.currentTarget.value.trim();
          if (other) store.change({ compare: { text_b: other } });
        }}
      />
    </label>
  );
}
