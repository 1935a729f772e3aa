/** A true minus sign. */
export const MINUS = "\u2212";

/** Narrow space between a number and its unit. */
const THIN = "\u202f";

const LINE_BREAKS = new Set(["\t", "\n", "\r"]);
/** Invisible characters that turn the text around them, by the code of the first of a row. */
const NAMED: [number, string[]][] = [
  [0x2028, ["LS", "PS", "LRE", "RLE", "PDF", "LRO", "RLO"]],
  [0x2066, ["LRI", "RLI", "FSI", "PDI"]],
];

function nameOf(code: number): string | undefined {
  return NAMED.map(([first, names]) => names[code - first]).find(Boolean);
}

function pictureOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  const name = nameOf(code);
  if (name) return `⟨${name}⟩`;
  const nameless = /^[\p{Cc}\p{Cs}]$/u.test(character) || (code & 0xfffe) === 0xfffe;
  return nameless ? "\ufffd" : character;
}

/** Return `text` with every character that could act on its surroundings made visible. */
export function visible(text: string): string {
  if (/^[ -~]*$/.test(text)) return text;
  return Array.from(text, (c) => (LINE_BREAKS.has(c) ? c : pictureOf(c))).join("");
}

/** Return `text` as a label on one line: as `visible`, and white space can be seen. */
export function label(text: string): string {
  if (/^\p{White_Space}*$/u.test(text) && !/[\t\n\r]/.test(text)) return "␣";
  const shown = Array.from(text, pictureOf).join("");
  if (!/^\p{Cf}+$/u.test(shown)) return shown;
  return Array.from(shown, (c) => `⟨U+${hex(c.codePointAt(0) ?? 0)}⟩`).join("");
}

function hex(code: number): string {
  return code.toString(16).toUpperCase().padStart(4, "0");
}

/** Return the digits after the point that give `limit`, the largest cell, two in all. */
export function decimalsFor(limit: number): number {
  if (!(limit > 0)) return 2;
  return Math.min(Math.max(1 - Math.floor(Math.log10(limit)), 0), 6);
}

/** Return `value` without a leading zero; nothing at all if it rounds to 0: `.17`. */
export function compact(value: number, decimals: number): string {
  const digits = Math.abs(value).toFixed(decimals);
  if (Number(digits) === 0) return "";
  return (value < 0 ? MINUS : "") + digits.replace(/^0(?=\.)/, "");
}

/** Return `value` to three decimals, or to its first digit if they would all be 0. */
export function term(value: number): string {
  let digits = Math.abs(value).toFixed(3);
  if (value !== 0 && Number(digits) === 0) digits = firstDigit(Math.abs(value));
  return (value < 0 ? MINUS : "") + digits;
}

/** Return `value` with its sign always written: `+0.170`. */
export function signed(value: number, decimals: number): string {
  const digits = Math.abs(value).toFixed(decimals);
  if (Number(digits) === 0) return digits;
  return (value < 0 ? MINUS : "+") + digits;
}

/** Return an effect with its sign and without a leading zero: `+.170`. */
export function effect(value: number, decimals = 3): string {
  return signed(value, decimals).replace(/^([+\u2212]?)0(?=\.)/, "$1");
}

/** Return a positive number to its first digit: `0.0003`, `3e−7`. */
export function firstDigit(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const [digit = "", exponent = "0"] = value.toExponential(0).split("e");
  const power = Number(exponent);
  if (power >= 0) return Number(value.toPrecision(1)).toString();
  if (power >= -4) return Number(`${digit}e${power}`).toFixed(-power);
  return `${digit}e${MINUS}${-power}`;
}

/** Return a share as whole per cent; a dash if it is not a number: `28 %`. */
export function percent(share: number): string {
  if (!Number.isFinite(share)) return "–";
  const whole = Math.round(Math.abs(share) * 100);
  return `${share < 0 && whole > 0 ? MINUS : ""}${whole}${THIN}%`;
}

/** Return seconds in the words of a progress line: `4 s`, `2 min`. */
export function duration(seconds: number): string {
  if (seconds < 1) return `<1${THIN}s`;
  if (seconds < 100) return `${Math.round(seconds)}${THIN}s`;
  return `${Math.round(seconds / 60)}${THIN}min`;
}
