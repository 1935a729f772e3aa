import { largest, picture } from "./picture";
import type { Difference, Ledger, Picture, Token } from "./types";
import { at, sumUnits } from "./units";

const OTHER = "(other)";

/** Return `one` minus `two`, by equal tokens, else by common words; null if there are neither. */
export function difference(one: Picture, two: Picture): Difference | null {
  if (one.similarity !== two.similarity || one.folded !== two.folded) return null;
  if (one.unit === two.unit && sameTokens(one, two)) return subtract(one, two);
  const [a, b] = [byWord(one), byWord(two)];
  return a && b ? subtract(a, b) : null;
}

function sameTokens(one: Picture, two: Picture): boolean {
  return equalLists(one.rows, two.rows) && equalLists(one.columns, two.columns);
}

function equalLists(one: Token[], two: Token[]): boolean {
  return one.length === two.length && one.every((token, i) => equalTokens(token, two[i]));
}

function equalTokens(one: Token, two: Token | undefined): boolean {
  return (
    one.text === two?.text &&
    one.role === two.role &&
    one.start === two.start &&
    one.end === two.end
  );
}

function byWord(shown: Picture): Picture | null {
  if (shown.unit === "word") return shown;
  if (shown.unit !== "token" || !shown.frame.units.some(({ unit }) => unit === "word")) return null;
  const { folded, similarity } = shown;
  return picture(shown.frame, { unit: "word", folded, similarity });
}

function subtract(one: Picture, two: Picture): Difference {
  const rows = match(one.rows, two.rows);
  const columns = match(one.columns, two.columns);
  const sum = (shown: Picture, a: Token[], b: Token[]) =>
    sumUnits({ values: shown.values, width: shown.columns.length }, a, b);
  const first = sum(one, rows.one, columns.one);
  const second = sum(two, rows.two, columns.two);
  const values = first.map((value, cell) => value - at(second, cell));
  return {
    rows: rows.tokens,
    columns: columns.tokens,
    values,
    largest: largest(values),
    ledger: subtractLedgers(one.ledger, two.ledger),
    flips: (cell) => at(first, cell) * at(second, cell) < 0,
  };
}

/** The common tokens, and for each side the same units with the indices of its own tokens. */
interface Match {
  tokens: Token[];
  one: Token[];
  two: Token[];
}

function match(one: Token[], two: Token[]): Match {
  const [keysOne, keysTwo] = [occurrences(one), occurrences(two)];
  const known = new Set(keysTwo);
  const common = keysOne.filter((key) => known.has(key));
  const places = new Map(common.map((key, place) => [key, place]));
  const tokens = one.filter((_, i) => places.has(keysOne[i] ?? ""));
  if (one.length !== common.length || two.length !== common.length) {
    const members = one.flatMap((token, i) => (places.has(keysOne[i] ?? "") ? [] : token.members));
    tokens.push({ text: OTHER, start: null, end: null, role: "text", members });
  }
  return {
    tokens,
    one: gather(tokens, keysOne, places),
    two: gather(tokens, keysTwo, places),
  };
}

function gather(tokens: Token[], keys: string[], places: Map<string, number>): Token[] {
  const units = tokens.map((token): Token => ({ ...token, members: [] }));
  keys.forEach((key, index) => {
    units[places.get(key) ?? tokens.length - 1]?.members.push(index);
  });
  return units;
}

/** Name each token by its text and its number among equal ones, counted from the start. */
function occurrences(tokens: Token[]): string[] {
  const seen = new Map<string, number>();
  return tokens.map(({ role, text }) => {
    const name = `${role} ${text}`;
    const number = (seen.get(name) ?? 0) + 1;
    seen.set(name, number);
    return `${number} ${name}`;
  });
}

function subtractLedgers(one: Ledger, two: Ledger): Ledger {
  return {
    score: one.score - two.score,
    base: one.base - two.base,
    tokensA: one.tokensA - two.tokensA,
    tokensB: one.tokensB - two.tokensB,
    pairs: one.pairs - two.pairs,
    residual: one.residual - two.residual,
  };
}
