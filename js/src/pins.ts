import { scaleTo } from "./picture";
import { label } from "./text";
import type { Block, BlockSum, Cell, Picture, Pin, PinMode, PinSum, Side, Token } from "./types";
import { sumBlock } from "./units";

/** Return the pins after one of a cell, a token or a block (an empty side is the whole side). */
export function addPin(pins: Pin[], pin: Pin, mode: PinMode): Pin[] {
  const rest = pins.filter((other) => !samePin(other, pin));
  if (mode === "add") return rest.length < pins.length ? rest : [...pins, pin];
  const only = pins.length === 1 ? pins[0] : undefined;
  if (only && samePin(only, pin)) return [];
  return [(only && paired(only, pin)) ?? pin];
}

/** Return the pins with the last one grown so that it spans everything up to `pin`. */
export function extendPin(pins: Pin[], pin: Pin, shown: Picture): Pin[] {
  const last = pins.at(-1);
  if (!last) return [pin];
  const grown = {
    a: spanned(last.a, pin.a, shown.rows),
    b: spanned(last.b, pin.b, shown.columns),
  };
  return [...pins.slice(0, -1), grown];
}

/** Return the pin of a cell of the shown unit. */
export function cellPin({ row, column }: Cell, shown: Picture): Pin {
  return { a: shown.rows[row]?.members ?? [], b: shown.columns[column]?.members ?? [] };
}

/** Return the pin of one token of the shown unit with the whole other side. */
export function tokenPin(side: Side, index: number, shown: Picture): Pin {
  const members = (side === "a" ? shown.rows : shown.columns)[index]?.members ?? [];
  return side === "a" ? { a: members, b: [] } : { a: [], b: members };
}

/** Return the pin of a block of the shown unit. */
export function blockPin(block: Block, shown: Picture): Pin {
  return {
    a: membersBetween(shown.rows, block.rows),
    b: membersBetween(shown.columns, block.columns),
  };
}

/** Return the exact sum of the cells of a pin, in the similarity and fold of the picture. */
export function sumPin(pin: Pin, shown: Picture): PinSum {
  const [finest] = shown.frame.units;
  const [a, b] = [finest?.a ?? [], finest?.b ?? []];
  const rows = pin.a.length ? pin.a : a.flatMap(({ members }) => members);
  const columns = pin.b.length ? pin.b : b.flatMap(({ members }) => members);
  const values = (shown.folded && shown.frame.folded) || shown.frame.matrix;
  const sum = sumBlock({ values, width: b.length }, rows, columns);
  const effect = sum * scaleTo(shown.frame, shown.similarity);
  return {
    pin,
    labelA: pin.a.length ? nameMembers(pin.a, a, shown.frame.textA) : "all of A",
    labelB: pin.b.length ? nameMembers(pin.b, b, shown.frame.textB) : "all of B",
    effect,
    share: effect / (shown.ledger.score || Number.NaN),
    rows: touching(shown.rows, pin.a),
    columns: touching(shown.columns, pin.b),
  };
}

/** Return the sum of a block of the shown unit. */
export function sumOfBlock(block: Block, shown: Picture): BlockSum {
  const { labelA, labelB, effect, share } = sumPin(blockPin(block, shown), shown);
  return { labelA, labelB, effect, share };
}

/** Return whether every index of the pin exists in the frame. */
export function fits(pin: Pin, shown: Picture): boolean {
  const [finest] = shown.frame.units;
  return (
    pin.a.length + pin.b.length > 0 &&
    pin.a.every((index) => index < (finest?.a.length ?? 0)) &&
    pin.b.every((index) => index < (finest?.b.length ?? 0))
  );
}

function samePin(one: Pin, two: Pin): boolean {
  return one.a.join() === two.a.join() && one.b.join() === two.b.join();
}

/** A token of one side and then one of the other make a pair. */
function paired(first: Pin, second: Pin): Pin | undefined {
  if (!first.b.length && !second.a.length) return { a: first.a, b: second.b };
  if (!first.a.length && !second.b.length) return { a: second.a, b: first.b };
  return undefined;
}

function spanned(from: number[], to: number[], tokens: Token[]): number[] {
  if (!to.length) return from;
  const places = touching(tokens, [...from, ...to]);
  return membersBetween(tokens, [Math.min(...places), Math.max(...places)]);
}

function membersBetween(tokens: Token[], [one, two]: [number, number]): number[] {
  const [first, last] = one < two ? [one, two] : [two, one];
  const members = tokens.slice(first, last + 1).flatMap((token) => token.members);
  return members.sort((a, b) => a - b);
}

function touching(tokens: Token[], members: number[]): number[] {
  const wanted = new Set(members);
  return tokens.flatMap((token, place) =>
    token.members.some((member) => wanted.has(member)) ? [place] : [],
  );
}

/** Name finest tokens by the text they cover, with an ellipsis where they skip some. */
function nameMembers(members: number[], finest: Token[], text: string): string {
  const runs: number[][] = [];
  for (const member of members) {
    const run = runs.at(-1);
    if (run?.at(-1) === member - 1) run.push(member);
    else runs.push([member]);
  }
  return runs.map((run) => nameRun(run, finest, text)).join(" … ");
}

function nameRun(run: number[], finest: Token[], text: string): string {
  const tokens = run.flatMap((member) => finest[member] ?? []);
  const covered = tokens.filter(({ start, end }) => start !== null && end !== null);
  if (covered.length < tokens.length || !covered.length) {
    return tokens.map((token) => label(token.text)).join(" ");
  }
  const starts = covered.map(({ start }) => start ?? 0);
  const ends = covered.map(({ end }) => end ?? 0);
  return label(text.slice(Math.min(...starts), Math.max(...ends)).trim());
}
