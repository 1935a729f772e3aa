/** Frames made by hand for tests, independent of the Python code that makes real ones. */

export type Row = [string, number | null, number | null, string, number[]];

export interface Sketch {
  header?: Record<string, unknown>;
  rows?: Row[];
  columns?: Row[];
  units?: Record<string, unknown>;
  matrix?: number[];
  arrays?: Record<string, [number[], number[]]>;
}

/** Return one row a word of `text`, between special tokens if asked. */
export function words(text: string, special = false): Row[] {
  const rows: Row[] = [];
  let start = 0;
  for (const word of text.split(" ")) {
    rows.push([word, start, start + word.length, "text", []]);
    start += word.length + 1;
  }
  if (special) {
    rows.unshift(["[CLS]", null, null, "special", []]);
    rows.push(["[SEP]", null, null, "special", []]);
  }
  return rows.map(([word, from, to, role], index) => [word, from, to, role, [index]]);
}

/** Return numbers in [-1, 1) that look random and are the same each time; exact in float32. */
export function noise(count: number, seed = 1): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.fround((state % 20000) / 10000 - 1);
  });
}

/** Return a frame header that is fit for the rows, columns and matrix. */
export function headerOf(sketch: Sketch): Record<string, unknown> {
  const { rows = words("the cat"), columns = words("a dog ran") } = sketch;
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  const matrix = sketch.matrix ?? noise(rows.length * columns.length);
  const [a, b] = [noise(rows.length, 5), noise(columns.length, 7)];
  const ledger = {
    base: 0.25,
    tokens_a: sum(a),
    tokens_b: sum(b),
    pairs: sum(matrix),
    residual: 0.001,
  };
  const score = sum(Object.values(ledger));
  return {
    version: 1,
    method: "attribution",
    text_a: textOf(rows),
    text_b: textOf(columns),
    unit: "token",
    units: { token: { a: rows, b: columns, cell_error: null }, ...sketch.units },
    ledger: { score, ...ledger },
    similarity: "cosine",
    scales: { cosine: 1, dot: 40 },
    scores: { cosine: score, dot: 40 * score },
    settings: {
      model: "tiny",
      layer: 0,
      layers: 6,
      baseline: "pad",
      rule: "adaptive",
      precision: "float32",
      unit: "token",
    },
    certificate: {
      relative_residual: 0.002,
      residual_bound: 0.003,
      converged: true,
      steps_a: 16,
      steps_b: 16,
      message: "",
      sentence: "relative residual 2.0e-03, converged at 16 steps",
    },
    progress: 1,
    history: [
      [8, 0.1],
      [16, 0.002],
    ],
    reference_dominates: false,
    notes: [],
    direction_a: "ltr",
    direction_b: "ltr",
    ...sketch.header,
  };
}

function textOf(rows: Row[]): string {
  return rows.flatMap(([text, start]) => (start === null ? [] : [text])).join(" ");
}

/** Return the bytes of a frame. */
export function pack(sketch: Sketch = {}): Uint8Array<ArrayBuffer> {
  const { rows = words("the cat"), columns = words("a dog ran") } = sketch;
  const [r, c] = [rows.length, columns.length];
  const matrix = sketch.matrix ?? noise(r * c);
  const arrays: Record<string, [number[], number[]]> = sketch.arrays ?? {
    matrix: [[r, c], matrix],
    effects_a: [[r], noise(r, 5)],
    effects_b: [[c], noise(c, 7)],
    folded: [[r, c], noise(r * c, 3)],
  };
  return assemble(headerOf(sketch), arrays);
}

/** Return the bytes of any header and arrays, given as shape and values. */
export function assemble(
  header: Record<string, unknown>,
  arrays: Record<string, [number[], number[]]>,
): Uint8Array<ArrayBuffer> {
  const places: Record<string, unknown> = {};
  const numbers: number[] = [];
  for (const [name, [shape, values]] of Object.entries(arrays)) {
    places[name] = [numbers.length, shape];
    numbers.push(...values);
  }
  let text = JSON.stringify({ ...header, arrays: places });
  const length = new TextEncoder().encode(text).length;
  text += " ".repeat((8 - (length % 8)) % 8);
  const bytes = new TextEncoder().encode(text);
  const frame = new Uint8Array(8 + bytes.length + 4 * numbers.length);
  frame.set(new TextEncoder().encode("siam"));
  const view = new DataView(frame.buffer);
  view.setUint32(4, bytes.length, true);
  frame.set(bytes, 8);
  numbers.forEach((value, i) => {
    view.setFloat32(8 + bytes.length + 4 * i, value, true);
  });
  return frame;
}
