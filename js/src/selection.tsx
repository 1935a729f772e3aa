import { Cross } from "./icons";
import { stay } from "./keys";
import { effect, percent } from "./text";
import type { BlockSum, Store } from "./types";

/** The pinned pairs and blocks with their exact sums, and the block that is being dragged. */
export function Selection({ store }: { store: Store }) {
  const sums = store.pinSums.value;
  const block = store.blockSum.value;
  if (sums.length === 0 && !block) return null;
  return (
    <div role="region" class="sv-selection" aria-label="Pinned">
      <h2>
        Pinned
        {sums.length > 0 && (
          <button
            type="button"
            class="sv-link"
            onClick={(event) => {
              stay(event);
              store.clear();
            }}
          >
            Clear
          </button>
        )}
      </h2>
      <ul>
        {block && <Entry sum={block} />}
        {sums.map((sum, index) => (
          <Entry key={`${sum.pin.a}|${sum.pin.b}`} sum={sum} unpin={() => store.unpin(index)} />
        ))}
      </ul>
    </div>
  );
}

function Entry({ sum, unpin }: { sum: BlockSum; unpin?: () => void }) {
  return (
    <li class={unpin ? "" : "sv-fleeting"}>
      <span class="sv-pair">
        <bdi>{sum.labelA}</bdi> <i>×</i> <bdi>{sum.labelB}</bdi>
      </span>
      <b class="sv-effect">{effect(sum.effect)}</b>
      <span class="sv-share">{percent(sum.share)}</span>
      {unpin ? (
        <button
          type="button"
          class="sv-icon"
          aria-label={`Unpin ${sum.labelA} × ${sum.labelB}`}
          onClick={(event) => {
            stay(event);
            unpin();
          }}
        >
          <Cross />
        </button>
      ) : (
        <span class="sv-icon" />
      )}
    </li>
  );
}
