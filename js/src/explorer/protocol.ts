import {
  type Guard,
  isBoolean,
  isCount,
  isNumber,
  isObject,
  isString,
  listOf,
  orNull,
} from "../guard";

/** An estimate with its 95 % interval; the interval is null where there is none. */
export interface Estimate {
  value: number | null;
  low: number | null;
  high: number | null;
}

/** How well the scores of a slice agree with its gold scores. */
export interface Metrics {
  spearman: Estimate;
  mae: Estimate;
}

/** A slice that can be chosen. */
export interface Chip {
  key: string;
  label: string;
  count: number;
  metrics: Metrics | null;
}

export interface ChipGroup {
  name: string;
  chips: Chip[];
}

export interface FilterName {
  slot: string;
  label: string;
}

/** One line of the table of word pairs. */
export interface WordPair {
  a: string;
  b: string;
  count: number;
  effect: Estimate;
  error: Estimate;
  harm: number | null;
}

/** One line of the list of pairs. */
export interface Pair {
  row: number;
  a: string;
  b: string;
  gold: number | null;
  score: number | null;
  former: number | null;
  star: boolean;
  tag: string;
  note: string;
}

export interface Opened {
  kind: "opened";
  title: string;
  detail: string;
  total: number;
  gold: boolean;
  compared: string;
  orders: { key: string; label: string }[];
}

export type Columns = Record<string, unknown[]>;

/** What is under study, and how the plots show it. */
export interface Selected {
  kind: "selected";
  version: number;
  count: number;
  filters: FilterName[];
  active: string[];
  order: string;
  sql: string;
  search: string;
  region: number[][] | null;
  span: number[] | null;
  words: string[] | null;
  sources: Record<string, Columns>;
}

/** The pair that is looked at, and where it is in the list and in the scatter. */
export interface Current {
  kind: "current";
  row: number | null;
  position: number | null;
  gold: number | null;
  score: number | null;
  star: boolean;
  tag: string;
  note: string;
}

/** The first word pairs of the selection, in the order and with the words that were asked for. */
export interface League {
  kind: "league";
  version: number;
  pairs: WordPair[];
  least: number;
  order: string;
  up: boolean;
  sought: string;
}

export type Event =
  | Opened
  | Selected
  | { kind: "chips"; groups: ChipGroup[]; tags: string[] }
  | { kind: "measured"; version: number; metrics: Metrics | null }
  | League
  | { kind: "heat"; version: number; labels: string[]; limit: number; cells: Columns }
  | Current
  | { kind: "tagged"; pair: { row: number; star: boolean; tag: string; note: string } }
  | { kind: "working"; working: boolean; live: boolean }
  | { kind: "failed"; error: string };

export type Answer =
  | { kind: "answer"; id: number; ok: true; pairs: Pair[]; items: Record<string, unknown> }
  | { kind: "answer"; id: number; ok: false; error: string };

export interface Fault {
  kind: "fault";
  message: string;
}

type Fields = Record<string, Guard<unknown>>;

function shape<T>(fields: Fields): Guard<T> {
  return (value): value is T =>
    isObject(value) && Object.entries(fields).every(([name, fits]) => fits(value[name]));
}

const number = orNull(isNumber);
const estimate = shape<Estimate>({ value: number, low: number, high: number });
const metrics = orNull(shape<Metrics>({ spearman: estimate, mae: estimate }));
const columns = (value: unknown): value is Columns =>
  isObject(value) && Object.values(value).every(Array.isArray);
const chip = shape<Chip>({ key: isString, label: isString, count: isCount, metrics });
const tagged = { row: isCount, star: isBoolean, tag: isString, note: isString };
const pair = shape<Pair>({ ...tagged, a: isString, b: isString, gold: number, score: number });

const EVENTS: Record<string, Fields> = {
  opened: {
    title: isString,
    detail: isString,
    total: isCount,
    gold: isBoolean,
    compared: isString,
    orders: listOf(shape({ key: isString, label: isString })),
  },
  selected: {
    version: isCount,
    count: isCount,
    filters: listOf(shape<FilterName>({ slot: isString, label: isString })),
    active: listOf(isString),
    order: isString,
    sql: isString,
    search: isString,
    region: orNull(listOf(listOf(isNumber))),
    span: orNull(listOf(isNumber)),
    words: orNull(listOf(isString)),
    sources: (value): value is Record<string, Columns> =>
      isObject(value) && Object.values(value).every(columns),
  },
  chips: {
    groups: listOf(shape<ChipGroup>({ name: isString, chips: listOf(chip) })),
    tags: listOf(isString),
  },
  measured: { version: isCount, metrics },
  league: {
    version: isCount,
    least: isCount,
    order: isString,
    up: isBoolean,
    sought: isString,
    pairs: listOf(
      shape<WordPair>({
        a: isString,
        b: isString,
        count: isCount,
        effect: estimate,
        error: estimate,
        harm: number,
      }),
    ),
  },
  heat: { version: isCount, labels: listOf(isString), limit: isNumber, cells: columns },
  current: {
    row: orNull(isCount),
    position: orNull(isCount),
    gold: number,
    score: number,
    star: isBoolean,
    tag: isString,
    note: isString,
  },
  tagged: { pair: shape(tagged) },
  working: { working: isBoolean, live: isBoolean },
  failed: { error: isString },
};
const ANSWERS: Record<string, Fields> = {
  true: { id: isCount, pairs: listOf(pair), items: isObject },
  false: { id: isCount, error: isString },
};

/** Return what a custom message says, or a `Fault` that says what is wrong with it. */
export function parse(content: unknown): Event | Answer | Fault {
  if (!isObject(content)) return fault("is not an object");
  const answer = "id" in content;
  const kind = answer ? "answer" : String(content.kind);
  const message = { pairs: [], items: {}, ...content, kind };
  const known = answer ? ANSWERS[String(content.ok === true)] : fieldsOf(kind);
  if (!known) return fault(`is of the unknown kind “${kind.slice(0, 40)}”`);
  const unfit = Object.keys(known).find((name) => !known[name]?.(message[name as "kind"]));
  if (unfit) return fault(`of kind “${kind}” has no fit “${unfit}”`);
  return message as unknown as Event | Answer;
}

function fieldsOf(kind: string): Fields | undefined {
  return Object.hasOwn(EVENTS, kind) ? EVENTS[kind] : undefined;
}

function fault(what: string): Fault {
  return {
    kind: "fault",
    message: `The kernel sent a message that ${what}, which this view does not understand.`,
  };
}

export type Part = "board" | "list";
