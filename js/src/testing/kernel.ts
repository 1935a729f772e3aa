import type { Host, HostCallback } from "../host";

type Message = Record<string, unknown>;

/** A model at the other end of which a test answers by hand. */
export class TestKernel implements Host {
  readonly traits: Map<string, unknown>;
  readonly sent: Message[] = [];
  saves = 0;
  dead = false;
  readonly #listeners = new Map<string, Set<HostCallback>>();

  constructor(traits: Record<string, unknown> = {}) {
    this.traits = new Map(Object.entries({ live: true, text_a: "the cat", layer: 0, ...traits }));
  }

  get(name: string): unknown {
    return this.traits.get(name);
  }

  set(name: string, value: unknown): void {
    this.traits.set(name, value);
    this.emit(`change:${name}`);
  }

  save_changes(): void {
    this.saves++;
  }

  send(content: unknown): void {
    if (this.dead) throw new Error("the comm is closed");
    this.sent.push(content as Message);
  }

  on(event: string, callback: HostCallback): void {
    this.#listeners.set(event, (this.#listeners.get(event) ?? new Set()).add(callback));
  }

  off(event: string, callback: HostCallback): void {
    this.#listeners.get(event)?.delete(callback);
  }

  emit(event: string, ...values: unknown[]): void {
    for (const callback of this.#listeners.get(event) ?? []) callback(...(values as never[]));
  }

  /** Return the sent messages of one kind. */
  asked(kind: string): Message[] {
    return this.sent.filter((message) => message.kind === kind);
  }

  /** Answer the latest request of a kind. */
  answer(kind: string, body: Message, buffers: unknown[] = []): void {
    this.emit("msg:custom", { id: this.asked(kind).at(-1)?.id, ok: true, ...body }, buffers);
  }

  tell(content: unknown, buffers: unknown[] = []): void {
    this.emit("msg:custom", content, buffers);
  }

  /** Send a frame event; `bytes` as the DataView that a comm delivers. */
  frame(job: number, bytes: Uint8Array<ArrayBuffer>, more: Message = {}): void {
    const event = { kind: "frame", job, slot: "main", final: false, remaining: 1, fraction: 0.5 };
    this.tell({ ...event, ...more }, [new DataView(bytes.buffer)]);
  }

  get listeners(): number {
    return [...this.#listeners.values()].reduce((count, callbacks) => count + callbacks.size, 0);
  }
}
