import { isObject } from "../guard";

/** The texts of a pair, and what a reader has said of it. */
export interface Pair {
  /** Its place among the points. */
  place: number;
  row: number;
  a: string;
  b: string;
  star: boolean;
  tag: string;
}

/** Two words, and the places of the pairs of texts in which they meet. */
export interface Words {
  a: string;
  b: string;
  places: number[];
}

/** The ranges of the figures: scores, the histogram's bins, steps of gold, rows of score. */
export interface Frame {
  low: number;
  high: number;
  edges: number[];
  columns: number;
  rows: number;
  points: boolean;
}

/** What a report holds; points are in order of their errors, the largest first. */
export interface Data {
  hasGold: boolean;
  frame: Frame;
  gold: Float32Array;
  score: Float32Array;
  pairs: Pair[];
  words: Words[];
  figures: Record<string, Record<string, unknown>>;
  /** What the pair view reads, by the place of its pair. */
  views: Map<number, unknown>;
}

type Text = [number, number, string, string, boolean, string];

/** Read a report's data from its page; throw if it is damaged. */
export function readData(page: Document): Data {
  const raw: unknown = JSON.parse(page.getElementById("siamviz-data")?.textContent ?? "");
  if (!isObject(raw) || !isObject(raw.figures) || !Array.isArray(raw.texts)) {
    throw new Error("its data is damaged.");
  }
  const views = raw.views as [number, Record<string, unknown>][];
  return {
    hasGold: raw.gold === true,
    frame: raw.frame as Frame,
    gold: floats(String(raw.goldScores)),
    score: floats(String(raw.scores)),
    pairs: (raw.texts as Text[]).map(([place, row, a, b, star, tag]) => ({
      place,
      row,
      a,
      b,
      star,
      tag,
    })),
    words: (raw.examples as [string, string, number[]][]).map(([a, b, places]) => ({
      a,
      b,
      places,
    })),
    figures: raw.figures as Data["figures"],
    views: new Map(views.map(([place, view]) => [place, { ...view, palette: raw.palette }])),
  };
}

/** Return bytes that were written in base64. */
export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function floats(text: string): Float32Array {
  return new Float32Array(bytesOf(text).buffer);
}

/** The error of a pair; its score where there is no gold. */
export function measure(data: Data, place: number): number {
  const score = data.score[place] ?? Number.NaN;
  return data.hasGold ? score - (data.gold[place] ?? Number.NaN) : score;
}
