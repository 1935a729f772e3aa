import {
  type Guard,
  isBoolean,
  isCount,
  isNumber,
  isObject,
  isString,
  oneOf,
  orNull,
} from "./guard";

export type Job = number | string;
/** How every sentence on a fault ends. */
export const KEPT = "Shown is the last result.";

export type Slot = "main" | "other";

export type Answer =
  | {
      kind: "answer";
      id: number;
      ok: true;
      job: Job | null;
      running: boolean;
      name: string;
      mime: string;
    }
  | { kind: "answer"; id: number; ok: false; error: string };

/** What Python tells unasked. */
export type JobEvent =
  | { kind: "started"; job: Job }
  | {
      kind: "frame";
      job: Job;
      slot: Slot;
      final: boolean;
      remaining: number | null;
      fraction: number;
    }
  | { kind: "progress"; job: Job; remaining: number | null; fraction: number }
  | { kind: "failed"; job: Job | null; error: string }
  | { kind: "cancelled"; job: Job };

/** A message that does not follow the protocol, in a sentence. */
export interface Fault {
  kind: "fault";
  message: string;
}

const isJob: Guard<Job> = (value): value is Job => isNumber(value) || isString(value);

type Fields = Record<string, Guard<unknown>>;

const PROGRESS: Fields = { job: isJob, remaining: orNull(isNumber), fraction: isNumber };
const EVENTS: Record<string, Fields> = {
  started: { job: isJob },
  frame: { ...PROGRESS, slot: oneOf("main", "other"), final: isBoolean },
  progress: PROGRESS,
  failed: { job: orNull(isJob), error: isString },
  cancelled: { job: isJob },
};
const ANSWER = { job: null, running: false, name: "", mime: "" };
const OK: Fields = {
  id: isCount,
  job: orNull(isJob),
  running: isBoolean,
  name: isString,
  mime: isString,
};
const REFUSED: Fields = { id: isCount, error: isString };

/** Return what a custom message says, or a `Fault` that says what is wrong with it. */
export function parseMessage(content: unknown): Answer | JobEvent | Fault {
  if (!isObject(content)) return fault("is not an object");
  const isAnswer = "id" in content;
  const kind = isAnswer ? "answer" : String(content.kind);
  const fields = isAnswer ? (content.ok === true ? OK : REFUSED) : eventFields(kind);
  if (!fields) return fault(`is of the unknown kind “${kind.slice(0, 40)}”`);
  const message = { job: null, remaining: null, ...(isAnswer && ANSWER), ...content, kind };
  const unfit = Object.keys(fields).find((name) => !fields[name]?.(message[name as "kind"]));
  if (unfit) return fault(`of kind “${kind}” has no fit “${unfit}”`);
  return message as unknown as Answer | JobEvent;
}

function eventFields(kind: string): Fields | undefined {
  return Object.hasOwn(EVENTS, kind) ? EVENTS[kind] : undefined;
}

function fault(what: string): Fault {
  return {
    kind: "fault",
    message: `The kernel sent a message that ${what}, which this view does not understand. ${KEPT}`,
  };
}
