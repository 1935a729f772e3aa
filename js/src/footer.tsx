import { Choice, Toggle } from "./controls";
import { Legend } from "./legend";
import { strongest } from "./lit";
import { ExportMenu } from "./menu";
import { compact, decimalsFor } from "./text";
import type { Store } from "./types";

const COUNTS = [0, 5, 10, 20, 50, 100];
const NOTCHES = 50;

/** Colours, filters, and what to take away. */
export function Footer({ store, help }: { store: Store; help(): void }) {
  return (
    <div class="sv-footer">
      <Legend store={store} />
      <Filters store={store} />
      <div class="sv-ends">
        <span role="status">{store.captured.value}</span>
        {store.tells && (
          <button type="button" class="sv-quietly" onClick={() => store.capture()}>
            Add to story
          </button>
        )}
        <ExportMenu store={store} />
        <button type="button" class="sv-quietly" aria-haspopup="dialog" onClick={help}>
          ? keys
        </button>
      </div>
    </div>
  );
}

function Filters({ store }: { store: Store }) {
  const count = store.topK.value;
  const counts = COUNTS.includes(count) ? COUNTS : [...COUNTS, count].sort((one, two) => one - two);
  const { frame } = store;
  return (
    <div class="sv-filters">
      <Choice
        label="top pairs"
        options={counts.map((each) => [String(each), each ? String(each) : "all"])}
        value={String(count)}
        choose={(chosen) => {
          store.topK.value = Number(chosen);
        }}
      />
      <Threshold store={store} />
      <Toggle
        checked={store.special.value}
        set={(on) => {
          store.special.value = on;
        }}
      >
        special tokens
      </Toggle>
      {frame.value?.folded && (
        <Toggle
          checked={store.folded.value}
          set={(on) => {
            store.folded.value = on;
          }}
        >
          fold reference
        </Toggle>
      )}
    </div>
  );
}

/** The slider moves by squares, because most effects are small. */
function Threshold({ store }: { store: Store }) {
  const picture = store.picture.value;
  const largest = picture ? strongest(picture) : 0;
  const { threshold } = store;
  const notch = largest > 0 ? Math.sqrt(Math.min(1, threshold.value / largest)) * NOTCHES : 0;
  const shown = threshold.value ? compact(threshold.value, decimalsFor(largest) + 1) || "0" : "0";
  return (
    <label class="sv-control">
      <span class="sv-name">at least</span>
      <input
        type="range"
        min={0}
        max={NOTCHES}
        value={Math.round(notch)}
        aria-label="Least effect"
        aria-valuetext={shown}
        onInput={(event) => {
          threshold.value = largest * (event.currentTarget.valueAsNumber / NOTCHES) ** 2;
        }}
      />
      <output class="sv-value">{shown}</output>
    </label>
  );
}
