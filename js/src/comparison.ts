import type { HeatData } from "./surface";
import { label } from "./text";
import type { Difference, Frame, Ledger, Palette, Picture, Token } from "./types";

/** One of the maps of a comparison. */
export interface Source {
  title: string;
  ledger: Ledger;
  data: HeatData;
}

/** The tokens that are looked at, in whichever map. */
export interface Looked {
  row: Token | null;
  column: Token | null;
}

/** The share of the range from which a change of sign is worth a mark. */
const NOTABLE = 0.05;

interface Look {
  palette: Palette;
  limit: number;
  special: boolean;
}

/** Return the maps: the two pictures and, where there is one, their difference. */
export function sourcesOf(
  picture: Picture,
  other: Picture,
  difference: Difference | null,
  look: Look,
): Source[] {
  const [one, two] = titles(picture.frame, other.frame);
  const sources = [of(one, picture, picture, look), of(two, other, other, look)];
  if (difference) {
    const apart = of("difference", difference, null, look);
    const least = NOTABLE * look.limit;
    apart.data.flips = (cell) =>
      Math.abs(difference.values[cell] ?? 0) >= least && difference.flips(cell);
    sources.push(apart);
  }
  return sources;
}

function of(
  title: string,
  { rows, columns, values, ledger }: Pick<Picture, "rows" | "columns" | "values" | "ledger">,
  picture: Picture | null,
  look: Look,
): Source {
  const uncertain = picture?.error ? (cell: number) => picture.uncertain(cell) : null;
  const shared = { visible: () => true, uncertain, flips: null, rowBars: null, columnBars: null };
  return { title, ledger, data: { rows, columns, values, ...look, ...shared } };
}

/** Return what tells two results apart, in words. */
export function titles(one: Frame, two: Frame): [string, string] {
  if (one.method !== two.method) return [methodName(one), methodName(two)];
  const [first, second] = [one.settings, two.settings];
  if (first.model !== second.model) return [label(first.model), label(second.model)];
  if (one.textB !== two.textB) return [`B “${brief(one.textB)}”`, `B “${brief(two.textB)}”`];
  if (first.layer !== second.layer) return [`layer ${first.layer}`, `layer ${second.layer}`];
  if (first.baseline !== second.baseline) {
    return [`baseline ${label(first.baseline)}`, `baseline ${label(second.baseline)}`];
  }
  return ["this", "the other"];
}

function methodName({ method }: Frame): string {
  return method === "deletion" ? "deletion differences" : "attribution";
}

function brief(text: string): string {
  const shown = label(text);
  return shown.length > 26 ? `${shown.slice(0, 25)}…` : shown;
}

/** Return where a token stands among others: the same place of the same text, else the same word. */
export function counterpart(token: Token | null, tokens: Token[]): number | null {
  if (!token) return null;
  const found = [
    tokens.findIndex((one) => one.text === token.text && one.start === token.start),
    tokens.findIndex((one) => one.text === token.text),
    tokens.findIndex((one) => overlaps(one, token)),
  ].find((index) => index >= 0);
  return found ?? null;
}

/** Whether one token covers the other: a word and its pieces. */
function overlaps(one: Token, two: Token): boolean {
  if (one.start === null || one.end === null || two.start === null || two.end === null)
    return false;
  const within = one.start >= two.start && one.end <= two.end && two.text.includes(one.text);
  return within || (two.start >= one.start && two.end <= one.end && one.text.includes(two.text));
}
