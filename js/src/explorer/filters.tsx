import { useEffect, useState } from "preact/hooks";
import { label } from "../text";
import { count, interval, plain } from "./numbers";
import type { Chip, ChipGroup, Metrics } from "./protocol";
import type { Store } from "./store";

/** What the explorer shows, and how well its scores agree with gold. */
export function Header({ store }: { store: Store }) {
  const opened = store.opened.value;
  const selected = store.selected.value;
  if (!opened || !selected) return <div class="sx-header">Reading the run …</div>;
  const measured = store.metrics.value;
  const current = measured?.version === selected.version ? measured.metrics : null;
  return (
    <div class="sx-header">
      <b class="sx-title">
        <bdi>{label(opened.title)}</bdi>
      </b>
      <span>{label(opened.detail)}</span>
      {opened.compared && (
        <span>
          Arrows come from <b>{label(opened.compared)}</b>, orange where the error grew
        </span>
      )}
      <span class="sx-sum" aria-live="polite">
        <b>{count(selected.count)}</b> of {count(opened.total)} pairs
        {opened.gold && <Agreement metrics={current} />}
      </span>
    </div>
  );
}

function Agreement({ metrics }: { metrics: Metrics | null }) {
  if (!metrics) return <span class="sx-agreement">…</span>;
  return (
    <span class="sx-agreement">
      Spearman <b>{plain(metrics.spearman.value)}</b> <i>{interval(metrics.spearman)}</i> MAE{" "}
      <b>{plain(metrics.mae.value)}</b> <i>{interval(metrics.mae)}</i>
    </span>
  );
}

/** The slices as chips, a row for each column of metadata. */
export function Slices({ store }: { store: Store }) {
  const active = new Set(store.selected.value?.active);
  return (
    <div class="sx-slices" role="group" aria-label="Slices">
      {store.groups.value.map((group) => (
        <Group key={group.name} store={store} group={group} active={active} />
      ))}
    </div>
  );
}

interface GroupProps {
  store: Store;
  group: ChipGroup;
  active: Set<string>;
}

function Group({ store, group, active }: GroupProps) {
  return (
    <div class="sx-group" role="group" aria-label={group.name || "All pairs"}>
      {group.name && <span class="sx-name">{label(group.name)}</span>}
      {group.chips.map((chip) => (
        <button
          key={chip.key}
          type="button"
          class="sx-chip"
          aria-pressed={active.has(chip.key)}
          onClick={() => store.ask("chip", { key: chip.key })}
        >
          <span class="sx-chip-name">
            <bdi>{label(chip.label)}</bdi> <i>{count(chip.count)}</i>
          </span>
          <ChipMetrics chip={chip} />
        </button>
      ))}
    </div>
  );
}

function ChipMetrics({ chip }: { chip: Chip }) {
  if (!chip.metrics) return null;
  const { spearman, mae } = chip.metrics;
  return (
    <>
      <span class="sx-metric">
        <abbr title="Spearman correlation of score and gold">ρ</abbr> {plain(spearman.value)}{" "}
        <i>{interval(spearman)}</i>
      </span>
      <span class="sx-metric">
        <abbr title="mean absolute error">MAE</abbr> {plain(mae.value)} <i>{interval(mae)}</i>
      </span>
    </>
  );
}

/** The user's own condition, and all filters in force. */
export function Filters({ store }: { store: Store }) {
  const selected = store.selected.value;
  const filters = selected?.filters ?? [];
  return (
    <div class="sx-filters">
      <SqlField store={store} sql={selected?.sql ?? ""} />
      {filters.length > 0 && (
        <ul class="sx-pills" aria-label="Filters in force; all must hold">
          {filters.map(({ slot, label: name }) => (
            <li key={slot}>
              <button
                type="button"
                class="sx-pill"
                aria-label={`Remove the filter ${label(name)}`}
                onClick={() => store.filter(slot, null)}
              >
                <bdi>{label(name)}</bdi>{" "}
                <span class="sx-cross" aria-hidden="true">
                  ×
                </span>
              </button>
            </li>
          ))}
          <li>
            <button type="button" class="sx-clear" onClick={() => store.ask("clear")}>
              Clear all
            </button>
          </li>
        </ul>
      )}
    </div>
  );
}

function SqlField({ store, sql }: { store: Store; sql: string }) {
  const [text, setText] = useState(sql);
  useEffect(() => setText(sql), [sql]);
  return (
    <form
      class="sx-sql"
      onSubmit={(event) => {
        event.preventDefault();
        store.filter("sql", text.trim() || null);
      }}
    >
      <label>
        <span>where</span>
        <input
          type="text"
          class="sx-field sx-code"
          spellcheck={false}
          placeholder="gold < 0.3 AND score > 0.7"
          aria-label="SQL condition on the pairs"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      {text.trim() !== sql && (
        <button type="submit" class="sx-button">
          Apply
        </button>
      )}
    </form>
  );
}

/** What went wrong, in a sentence. */
export function Alert({ store }: { store: Store }) {
  const text = store.error.value;
  if (!text) return null;
  return (
    <p class="sx-alert" role="alert">
      <span>{label(text)}</span>
      <button
        type="button"
        aria-label="Close"
        onClick={() => {
          store.error.value = "";
        }}
      >
        ×
      </button>
    </p>
  );
}
