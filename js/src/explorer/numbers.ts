import { MINUS, effect as signed } from "../text";
import type { Estimate } from "./protocol";

/** Return a number of at most 1 without its zero: `.867`; a dash if it is missing. */
export function plain(value: number | null, decimals = 2): string {
  if (value === null) return "–";
  const digits = Math.abs(value).toFixed(decimals);
  return (value < 0 && Number(digits) > 0 ? MINUS : "") + digits.replace(/^0(?=\.)/, "");
}

/** Return an interval: `[.85, .89]`; nothing if it is not known. */
export function interval({ low, high }: Estimate, decimals = 2): string {
  return low === null || high === null ? "" : `[${plain(low, decimals)}, ${plain(high, decimals)}]`;
}

/** Return an effect or a difference with its sign; a dash if it is missing. */
export function change(value: number | null, decimals = 2): string {
  return value === null ? "–" : signed(value, decimals);
}

/** Return a count with thin spaces: `12 345`. */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** Return which way a number points, as a class. */
export function tone(value: number | null): string {
  return value === null || Math.abs(value) < 0.005 ? "" : value > 0 ? "sx-up" : "sx-down";
}
