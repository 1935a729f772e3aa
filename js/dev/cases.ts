import { pack, type RawToken, unpack } from "./frame";
import frames from "./frames.json";

/** The names of results computed by Python, in frames.json. */
export type Stored = Exclude<keyof typeof frames, "palette">;

/** Return the bytes of a base64 string. */
export function bytesOf(encoded: string): Uint8Array {
  return Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
}

/** The colour tables of both themes. */
export const palette = bytesOf(frames.palette);

/** Return a result by name: computed by Python, or made up to try how the view bears it. */
export function caseOf(name: string): Uint8Array {
  if (name === "arabic") return madeUp(ARABIC_A, ARABIC_B, "rtl");
  if (name === "chinese") return madeUp(CHINESE_A, CHINESE_B, "ltr", true);
  if (name === "hostile") return madeUp(HOSTILE_A, HOSTILE_B, "ltr");
  if (name === "huge") return madeUp(words(512, 1), words(512, 2), "ltr");
  return bytesOf(frames[name as Stored] ?? frames.corpus);
}

/** A result with random noise added, as if less of the work were done. */
export function unfinished(bytes: Uint8Array, fraction: number): Uint8Array {
  const frame = unpack(bytes);
  const random = seeded(Math.round(fraction * 1000));
  const matrix = frame.arrays.matrix?.values ?? new Float32Array();
  for (let cell = 0; cell < matrix.length; cell++) {
    matrix[cell] = (matrix[cell] ?? 0) + (random() - 0.5) * 0.06 * (1 - fraction);
  }
  const history = frame.header.history as [number, number][];
  frame.header.history = history.slice(0, Math.ceil(history.length * fraction));
  frame.header.progress = fraction;
  return pack(frame);
}

const ARABIC_A = "القطة الصغيرة تنام على السرير الدافئ في بيتنا .".split(" ");
const ARABIC_B = "هرة تغفو فوق وسادة ناعمة قرب النافذة .".split(" ");
const CHINESE_A = Array.from("小猫在温暖的床上睡觉。");
const CHINESE_B = Array.from("一只猫咪正在柔软的垫子上打盹。");
const HOSTILE_A = ["<img", "src=x", "onerror=alert(1)>", "</script>", "'\"", "\u202eabc", "\u2028"];
const HOSTILE_B = [
  "<script>",
  "alert(1)",
  "</script>",
  "&lt;",
  "javascript:alert(1)",
  "a\u0000b",
  "🙂",
];

function words(count: number, seed: number): string[] {
  const random = seeded(seed);
  const parts = ["ka", "ri", "mo", "ten", "sul", "va", "de", "lin", "o", "pra"];
  const part = () => parts[Math.floor(random() * parts.length)] ?? "";
  return Array.from({ length: count }, () => part() + part() + (random() < 0.4 ? part() : ""));
}

function madeUp(a: string[], b: string[], direction: string, joined = false): Uint8Array {
  const random = seeded(a.length * 31 + b.length);
  const size = a.length * b.length;
  const peak = () => (random() < 1.2 / Math.sqrt(size) ? 0.16 * random() - 0.03 : 0);
  const matrix = Float32Array.from({ length: size }, () => peak() + 0.012 * (random() - 0.48));
  const error = Float32Array.from({ length: size }, () => 0.0015 + 0.002 * random());
  const effects = (count: number) =>
    Float32Array.from({ length: count }, () => 0.01 * (random() - 0.5));
  const [effectsA, effectsB] = [effects(a.length), effects(b.length)];
  const sum = (list: Float32Array) => list.reduce((total, value) => total + value, 0);
  const terms = {
    base: 0.03,
    tokens_a: sum(effectsA),
    tokens_b: sum(effectsB),
    pairs: sum(matrix),
    residual: 0.0004,
  };
  const score = Object.values(terms).reduce((total, value) => total + value, 0);
  const gap = joined ? "" : " ";
  return pack({
    header: {
      version: 1,
      method: "attribution",
      text_a: a.join(gap),
      text_b: b.join(gap),
      unit: "token",
      units: { token: { a: tokens(a, gap), b: tokens(b, gap), cell_error: null } },
      ledger: { score, ...terms },
      similarity: "cosine",
      scales: { cosine: 1 },
      scores: { cosine: score },
      settings: {
        model: "made-up",
        layer: 0,
        layers: 6,
        baseline: "corpus",
        rule: "adaptive",
        precision: "float32",
        unit: "token",
      },
      certificate: {
        relative_residual: 0.004,
        residual_bound: 0.006,
        converged: true,
        steps_a: 40,
        steps_b: 40,
        message: "",
        sentence: "relative residual 4.0e-03, converged at 40 steps",
      },
      progress: 1,
      history: [],
      reference_dominates: false,
      notes: [],
      direction_a: direction,
      direction_b: direction,
    },
    arrays: {
      matrix: { shape: [a.length, b.length], values: matrix },
      effects_a: { shape: [a.length], values: effectsA },
      effects_b: { shape: [b.length], values: effectsB },
      folded: { shape: [a.length, b.length], values: matrix },
      error_token: { shape: [a.length, b.length], values: error },
    },
  });
}

function tokens(list: string[], gap: string): RawToken[] {
  let start = 0;
  return list.map((text, index) => {
    const length = Array.from(text).length;
    const token: RawToken = [text, start, start + length, "text", [index]];
    start += length + gap.length;
    return token;
  });
}

/** Numbers from 0 to 1 that are the same in every run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
