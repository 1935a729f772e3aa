import { useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";
import { Toggle } from "./controls";
import { lit } from "./lit";
import { decimalsFor, signed } from "./text";
import type { Palette, Store } from "./types";

const STOPS = 32;

/** In pixels, as in the style sheet. */
const SCALE_WIDTH = 150;

/** The colours with their range, which can be held. */
export function Legend({ store }: { store: Store }) {
  const limit = store.limit.value;
  const decimals = decimalsFor(limit);
  const hatched = store.picture.value?.error;
  return (
    <div class="sv-legend">
      <span>{signed(-limit, decimals)}</span>
      <span class="sv-scale" style={{ backgroundImage: gradient(store.palette.value) }}>
        <Marker store={store} />
      </span>
      <span>{signed(limit, decimals)}</span>
      {hatched && (
        <span class="sv-control">
          <span class="sv-hatched" aria-hidden="true" /> within error
        </span>
      )}
      <Toggle
        checked={store.lockedLimit.value !== null}
        disabled={limit === 0}
        set={(on) => {
          store.lockedLimit.value = on ? store.limit.peek() : null;
        }}
      >
        lock range
      </Toggle>
    </div>
  );
}

/** Where the value that is looked at lies in the range. */
function Marker({ store }: { store: Store }) {
  const marker = useRef<HTMLSpanElement>(null);
  useSignalEffect(() => {
    const { row, column } = lit(store);
    const picture = store.picture.value;
    const style = marker.current?.style;
    if (!style) return;
    style.opacity = row === null || column === null ? "0" : "1";
    const cell = (row ?? -1) * (picture?.columns.length ?? 0) + (column ?? -1);
    const value = picture?.values[cell] ?? 0;
    const place = Math.max(-1, Math.min(1, value / (store.limit.value || 1)));
    style.transform = `translateX(${(((1 + place) / 2) * SCALE_WIDTH).toFixed(1)}px)`;
  });
  return <span class="sv-marker" ref={marker} />;
}

function gradient({ color }: Palette): string {
  const stops = Array.from({ length: STOPS + 1 }, (_, stop) => color((2 * stop) / STOPS - 1, 1));
  return `linear-gradient(to right, ${stops.join(",")})`;
}
