import { type ReadonlySignal, signal } from "@preact/signals";
import type { Answer } from "./protocol";

/** How long an answer may take before the view says that it waits, in milliseconds. */
export const PATIENCE = 1000;

type Send = (message: Record<string, unknown>) => void;

interface Pending {
  settle: (answer: Answer, buffers: unknown[]) => void;
  timer: ReturnType<typeof setTimeout>;
}

/** Requests by id. Of those that decide what is painted, only the latest counts. */
export class Requests {
  readonly #send: Send;
  readonly #pending = new Map<number, Pending>();
  readonly #waiting = signal(false);
  /** Several windows may share one kernel and see each other's answers. */
  #next = 1 + Math.floor(Math.random() * 2 ** 40);
  #deciding: number | null = null;

  constructor(send: Send) {
    this.#send = send;
  }

  /** Whether a request has gone unanswered for longer than `PATIENCE`. */
  get waiting(): ReadonlySignal<boolean> {
    return this.#waiting;
  }

  /** Whether a request that decides what is painted has no answer yet. */
  get undecided(): boolean {
    return this.#deciding !== null;
  }

  /** Send a request, `settle` gets its answer; return whether it could be sent. */
  post(kind: string, body: Record<string, unknown>, settle: Pending["settle"]): boolean {
    const id = this.#next++;
    const timer = setTimeout(() => {
      this.#waiting.value = true;
    }, PATIENCE);
    this.#pending.set(id, { settle, timer });
    try {
      this.#send({ ...body, id, kind });
      return true;
    } catch {
      this.#waiting.value = true;
      return false;
    }
  }

  /** Send a request until whose answer nothing may be painted; it supersedes the one before. */
  decide(kind: string, body: Record<string, unknown>, settle: Pending["settle"]): void {
    this.supersede();
    const id = this.#next;
    this.#deciding = id;
    this.post(kind, body, (answer, buffers) => {
      this.#deciding = null;
      settle(answer, buffers);
    });
  }

  /** Drop the answer that would decide what is painted. */
  supersede(): void {
    if (this.#deciding !== null) this.#forget(this.#deciding);
    this.#deciding = null;
  }

  /** Hand an answer to whoever asked; answers to superseded or foreign requests are dropped. */
  answer(answer: Answer, buffers: unknown[]): void {
    const pending = this.#pending.get(answer.id);
    if (!pending) return;
    this.#forget(answer.id);
    this.#waiting.value = false;
    pending.settle(answer, buffers);
  }

  /** The kernel is there, though it may be too busy to answer. */
  heard(): void {
    this.#waiting.value = false;
  }

  /** Nothing came for long, and a request is open. */
  missed(): void {
    this.#waiting.value = true;
  }

  dispose(): void {
    for (const id of [...this.#pending.keys()]) this.#forget(id);
  }

  #forget(id: number): void {
    clearTimeout(this.#pending.get(id)?.timer);
    this.#pending.delete(id);
  }
}
