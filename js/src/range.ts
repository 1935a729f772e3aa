import { computed, type ReadonlySignal } from "@preact/signals";
import type { Picture, Token } from "./types";
import { at } from "./units";

type Shown = ReadonlySignal<Picture | null>;

interface Sources {
  main: Shown;
  /** The picture beside it, on the same scale. */
  other: Shown;
  lockedLimit: ReadonlySignal<number | null>;
  running: ReadonlySignal<boolean>;
  /** Whether special tokens are shown. */
  special: ReadonlySignal<boolean>;
}

/**
 * Return the symmetric colour range. While a job runs it is that of the last final picture of the
 * same texts, or else the largest so far, so that colours do not flicker.
 */
export function limitOf({
  main,
  other,
  lockedLimit,
  running,
  special,
}: Sources): ReadonlySignal<number> {
  let final: { key: string; limit: number } | null = null;
  let peak: { key: string; limit: number } | null = null;
  return computed(() => {
    const now = main.value;
    if (lockedLimit.value !== null) return lockedLimit.value;
    if (!now) return 0;
    const limit = Math.max(reach(now, special.value), reach(other.value, special.value));
    const key = `${look(now)} ${special.value}`;
    if (!running.value) {
      peak = null;
      if (now.frame.progress >= 1) final = { key, limit };
      return limit;
    }
    if (final?.key === key) return final.limit;
    peak = { key, limit: peak?.key === key ? Math.max(peak.limit, limit) : limit };
    return peak.limit;
  });
}

/** What two pictures share whose colours may share a range. */
function look({ frame, unit, folded, similarity }: Picture): string {
  return JSON.stringify([frame.textA, frame.textB, unit, folded, similarity]);
}

function reach(shown: Picture | null, special: boolean): number {
  if (!shown) return 0;
  if (special) return shown.largest;
  const width = shown.columns.length;
  let most = 0;
  shown.rows.forEach((row, r) => {
    if (hidden(row)) return;
    shown.columns.forEach((column, c) => {
      if (!hidden(column)) most = Math.max(most, Math.abs(at(shown.values, r * width + c)));
    });
  });
  return most;
}

function hidden(token: Token): boolean {
  return token.role !== "text";
}
