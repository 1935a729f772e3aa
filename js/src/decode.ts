import {
  asBytes,
  type Guard,
  isBoolean,
  isCount,
  isNumber,
  isObject,
  isString,
  type JsonObject,
  listOf,
  oneOf,
  orNull,
} from "./guard";
import type {
  Certificate,
  Frame,
  FrameSettings,
  FrameUnit,
  Ledger,
  Role,
  Token,
  Unit,
} from "./types";

/** A frame that does not follow the format; the message says where. */
export class FrameError extends Error {
  override name = "FrameError";
}

type ArrayName = "matrix" | "effectsA" | "effectsB" | "folded";
type Spec<T> = { [Name in keyof T]: Guard<T[Name]> };

const VERSION = 1;
const PREFIX = 8;
const isUnit = oneOf("token", "word", "sentence", "spans");
const isSimilarity = oneOf("cosine", "dot");
const isDirection = oneOf("ltr", "rtl");
const isRole: Guard<Role> = oneOf("text", "special", "prompt");

const isPoint: Guard<[number, number]> = (value): value is [number, number] =>
  listOf(isNumber)(value) && value.length === 2;

const isMeasures: Guard<Frame["scales"]> = (value): value is Frame["scales"] =>
  isObject(value) && Object.keys(value).every(isSimilarity) && Object.values(value).every(isNumber);

const HEADER: Spec<Omit<Frame, "units" | "ledger" | "settings" | "certificate" | ArrayName>> = {
  method: oneOf("attribution", "deletion"),
  textA: isString,
  textB: isString,
  similarity: isSimilarity,
  scales: isMeasures,
  scores: isMeasures,
  progress: isNumber,
  history: listOf(isPoint),
  referenceDominates: isBoolean,
  notes: listOf(isString),
  directionA: isDirection,
  directionB: isDirection,
};
const LEDGER: Spec<Ledger> = {
  score: isNumber,
  base: isNumber,
  tokensA: isNumber,
  tokensB: isNumber,
  pairs: isNumber,
  residual: isNumber,
};
const SETTINGS: Spec<FrameSettings> = {
  model: isString,
  layer: isNumber,
  layers: isNumber,
  baseline: isString,
};
const CERTIFICATE: Spec<Certificate> = {
  relativeResidual: orNull(isNumber),
  converged: orNull(isBoolean),
  stepsA: isCount,
  stepsB: isCount,
  message: isString,
  sentence: isString,
};

/** Return the result that the bytes hold; throw a `FrameError` if they do not hold one. */
export function decode(source: DataView | Uint8Array | ArrayBuffer): Frame {
  const bytes = asBytes(source);
  if (!bytes) throw new FrameError("A result came without its bytes.");
  return assemble(...parts(bytes));
}

/** Return the header of a result, as Python wrote it, and its arrays. */
export function parts(bytes: Uint8Array): [JsonObject, Arrays] {
  const start = headerEnd(bytes);
  const header = parse(bytes.subarray(PREFIX, start));
  return [header, new Arrays(field(header, "arrays", isObject), bytes, start)];
}

function headerEnd(bytes: Uint8Array): number {
  const magic = String.fromCharCode(...bytes.subarray(0, 4));
  if (bytes.length < PREFIX || magic !== "siam") {
    throw new FrameError("These bytes are no result: they do not start with “siam”.");
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset, PREFIX).getUint32(4, true);
  const end = PREFIX + length;
  if (end > bytes.length || end % PREFIX !== 0) {
    throw new FrameError(
      `A result of ${bytes.length} bytes cannot hold a header of ${length} bytes.`,
    );
  }
  return end;
}

function parse(bytes: Uint8Array): JsonObject {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new FrameError("The header of a result is not JSON.");
  }
  if (isObject(header) && header.version === VERSION) return header;
  throw new FrameError(
    `The result is not of format version ${VERSION}. Restart the kernel and reload the page.`,
  );
}

/** Return the fields of a spec, which Python names in snake case; `within` is where they are. */
function read<T>(object: JsonObject, spec: Spec<T>, within = ""): T {
  const names = Object.keys(spec) as (keyof T & string)[];
  const fields = names.map((name) => {
    const theirs = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return [name, field(object, theirs, spec[name], within)];
  });
  return Object.fromEntries(fields);
}

function field<T>(object: JsonObject, name: string, guard: Guard<T>, within = ""): T {
  const value = object[name];
  if (guard(value)) return value;
  const fault = value === undefined ? "is missing" : "has an unfit value";
  throw new FrameError(`In the header of a result, “${within}${name}” ${fault}.`);
}

/** The float32 arrays behind the header; every offset and shape is checked. */
class Arrays {
  readonly #numbers: Float32Array;
  readonly #table: JsonObject;

  constructor(table: JsonObject, bytes: Uint8Array, start: number) {
    const size = bytes.length - start;
    const count = Object.keys(table).reduce((end, name) => Math.max(end, extent(table, name)), 0);
    if (size !== 4 * count) {
      throw new FrameError(`A result has ${size} bytes of numbers where ${4 * count} are due.`);
    }
    this.#numbers = new Float32Array(bytes.slice(start).buffer);
    this.#table = table;
  }

  find(name: string, ...shape: number[]): Float32Array | null {
    if (!(name in this.#table)) return null;
    const [offset, found] = entry(this.#table, name);
    if (found.join() !== shape.join()) {
      throw new FrameError(
        `The array “${name}” has shape ${found.join(" × ")} where ${shape.join(" × ")} is due.`,
      );
    }
    return this.#numbers.subarray(offset, offset + product(shape));
  }

  finite(name: string, ...shape: number[]): Float32Array | null {
    const values = this.find(name, ...shape);
    if (values && !values.every(Number.isFinite)) {
      throw new FrameError(`The array “${name}” holds a number that is not finite.`);
    }
    return values;
  }

  required(name: string, ...shape: number[]): Float32Array {
    const values = this.finite(name, ...shape);
    if (!values) throw new FrameError(`A result came without its array “${name}”.`);
    return values;
  }
}

function entry(table: JsonObject, name: string): [number, number[]] {
  const value = table[name];
  if (Array.isArray(value) && value.length === 2) {
    const [offset, shape] = value as unknown[];
    if (isCount(offset) && listOf(isCount)(shape)) return [offset, shape];
  }
  throw new FrameError(`In the header of a result, “arrays.${name}” has an unfit value.`);
}

function extent(table: JsonObject, name: string): number {
  const [offset, shape] = entry(table, name);
  return offset + product(shape);
}

function product(shape: readonly number[]): number {
  return shape.reduce((total, size) => total * size, 1);
}

function assemble(header: JsonObject, arrays: Arrays): Frame {
  const fields = read(header, HEADER);
  const units = readUnits(header, arrays, fields);
  const rows = units[0]?.a.length ?? 0;
  const columns = units[0]?.b.length ?? 0;
  const whole = fields.method === "attribution";
  return {
    ...fields,
    units,
    matrix: arrays.required("matrix", rows, columns),
    effectsA: whole ? arrays.required("effects_a", rows) : null,
    effectsB: whole ? arrays.required("effects_b", columns) : null,
    folded: arrays.finite("folded", rows, columns),
    ledger: read(field(header, "ledger", isObject), LEDGER, "ledger."),
    settings: read(field(header, "settings", isObject), SETTINGS, "settings."),
    certificate: read(field(header, "certificate", isObject), CERTIFICATE, "certificate."),
  };
}

function readUnits(
  header: JsonObject,
  arrays: Arrays,
  { textA, textB }: Pick<Frame, "textA" | "textB">,
): FrameUnit[] {
  const table = field(header, "units", isObject);
  const finest = field(header, "unit", isUnit);
  const names = Object.keys(table);
  if (names[0] !== finest || !names.every(isUnit)) {
    throw new FrameError(`The units of a result (${names.join(", ")}) do not start at ${finest}.`);
  }
  const [offsetsA, offsetsB] = [utf16Offsets(textA), utf16Offsets(textB)];
  const units = names.map((name): FrameUnit => {
    const within = `units.${name}.`;
    const unit = field(table, name, isObject, "units.");
    const a = readTokens(unit, "a", within, offsetsA);
    const b = readTokens(unit, "b", within, offsetsB);
    return {
      unit: name as Unit,
      a,
      b,
      cellError: field(unit, "cell_error", orNull(isNumber), within),
      standardError: arrays.find(`error_${name}`, a.length, b.length),
    };
  });
  for (const unit of units) {
    checkPartition(unit.a, units[0]?.a.length ?? 0, unit.unit);
    checkPartition(unit.b, units[0]?.b.length ?? 0, unit.unit);
  }
  return units;
}

function readTokens(unit: JsonObject, side: string, within: string, offsets: Offsets): Token[] {
  return field(unit, side, listOf(isToken), within).map(([text, start, end, role, members]) => ({
    text,
    start: start === null ? null : offsets(start),
    end: end === null ? null : offsets(end),
    role,
    members,
  }));
}

type TokenRow = [string, number | null, number | null, Role, number[]];

const isToken: Guard<TokenRow> = (value): value is TokenRow => {
  if (!Array.isArray(value) || value.length !== 5) return false;
  const [text, start, end, role, members] = value as unknown[];
  const isOffset = orNull(isCount);
  return (
    isString(text) &&
    isOffset(start) &&
    isOffset(end) &&
    isRole(role) &&
    listOf(isCount)(members) &&
    members.length > 0
  );
};

/** Every finest row lies in exactly one unit, else the sums would not add up. */
function checkPartition(tokens: Token[], size: number, unit: string): void {
  const seen = new Set(tokens.flatMap((token) => token.members));
  const total = tokens.reduce((count, token) => count + token.members.length, 0);
  if (seen.size !== size || total !== size || [...seen].some((index) => index >= size)) {
    throw new FrameError(`The ${unit} units of a result do not divide its ${size} rows.`);
  }
}

type Offsets = (offset: number) => number;

/** Python counts code points, JavaScript counts UTF-16 units. */
function utf16Offsets(text: string): Offsets {
  const starts: number[] = [0];
  for (const character of text) starts.push((starts.at(-1) ?? 0) + character.length);
  return (offset) => {
    const found = starts[offset];
    if (found !== undefined) return found;
    throw new FrameError(`A token lies at ${offset}, outside its text of ${starts.length - 1}.`);
  };
}
