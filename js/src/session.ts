import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { decode } from "./decode";
import { asBytes } from "./guard";
import type { Host } from "./host";
import { type Answer, type Job, type JobEvent, KEPT, parseMessage, type Slot } from "./protocol";
import { PATIENCE, Requests } from "./request";
import type { Frame, Status } from "./types";

const NO_ANSWER = `The kernel does not answer: it is busy, or gone; then run the cell again. ${KEPT}`;

/** The traits that keep the latest results. */
export const STORED: Record<Slot, string> = { main: "_frame", other: "_other" };

type FrameEvent = Extract<JobEvent, { kind: "frame" }>;

type Phase =
  | { kind: "idle" }
  | { kind: "pending" }
  | { kind: "running"; fraction: number; remaining: number | null }
  | { kind: "cancelled" }
  | { kind: "failed"; message: string };

/** What the session needs to know from the store around it. */
export interface Surroundings {
  live: ReadonlySignal<boolean>;
  /** Whether jobs have two results. */
  comparing: ReadonlySignal<boolean>;
  save: (name: string, mime: string, bytes: Uint8Array) => void;
}

/** One conversation with the kernel: requests, jobs, frames, and the status that comes of them. */
export class Session {
  readonly frames: Record<Slot, Signal<Frame | null>> = { main: signal(null), other: signal(null) };
  readonly stale = signal(false);
  /** The job whose result is painted; null for one that was stored. */
  readonly painted = signal<Job | null>(null);
  readonly status: ReadonlySignal<Status>;
  readonly running = computed(() => this.#phase.value.kind === "running");
  /** Whether the first picture of a job is on its way. */
  readonly awaited = computed(() => this.stale.value && this.running.value);
  readonly #phase = signal<Phase>({ kind: "idle" });
  readonly #host: Host;
  readonly #around: Surroundings;
  readonly #requests: Requests;
  #job: Job | null = null;
  #held: { event: JobEvent; buffers: unknown[] }[] = [];
  #finals = new Set<Slot>();
  #bytes: Record<Slot, Uint8Array | null> = { main: null, other: null };
  #greeting = false;
  #pulse: ReturnType<typeof setTimeout> | undefined;

  constructor(host: Host, around: Surroundings) {
    this.#host = host;
    this.#around = around;
    this.#requests = new Requests((message) => host.send(message));
    this.status = computed(() => this.#status());
  }

  /** Ask what the kernel is doing. */
  hello(): void {
    const asked = this.#job;
    this.#greeting = true;
    const sent = this.#requests.post("hello", {}, (answer) => {
      this.#greeting = false;
      if (this.#blocked || asked !== this.#job || !answer.ok) return;
      if (answer.running && answer.job !== null) this.#begin(answer.job);
      else if (this.running.peek()) this.#rest();
    });
    if (!sent) this.#greeting = false;
  }

  /** Announce that a request to compute will follow; from here on nothing is painted. */
  prepare(): void {
    this.#beat(false);
    this.#requests.supersede();
    batch(() => {
      this.stale.value = true;
      this.#phase.value = { kind: "pending" };
    });
  }

  /** Ask for a computation; `decided` is told whether Python accepts the settings. */
  compute(settings: Record<string, unknown>, decided: (accepted: boolean) => void): void {
    this.prepare();
    this.#held = [];
    this.#requests.decide("compute", { settings }, (answer) => {
      decided(answer.ok);
      this.#decided(answer);
    });
  }

  /** Stop the running job; a computation that was announced is not asked for. */
  cancel(): void {
    if (this.#phase.peek().kind === "pending" && !this.#requests.undecided) {
      this.#phase.value = { kind: "cancelled" };
    }
    this.#requests.post("cancel", {}, (answer) => {
      if (!answer.ok) this.fail(answer.error);
    });
  }

  exportAs(format: string): void {
    this.#requests.post("export", { format }, (answer, buffers) => {
      const bytes = asBytes(buffers[0]);
      if (!answer.ok) this.fail(answer.error);
      else if (!bytes || !answer.name) this.fail("The kernel answered the export without a file.");
      else this.#around.save(answer.name, answer.mime, bytes);
    });
  }

  /** Add what is shown to a story; `done` gets what Python says of it. */
  capture(done: (told: string) => void): void {
    this.#requests.post("capture", {}, (answer) => {
      if (answer.ok) done(answer.name);
      else this.fail(answer.error);
    });
  }

  /** Take one custom message. */
  receive(content: unknown, buffers: unknown[]): void {
    const message = parseMessage(content);
    batch(() => {
      if (message.kind === "fault") this.fail(message.message);
      else if (message.kind === "answer") this.#requests.answer(message, buffers);
      else if (this.#blocked) this.#hold(message, buffers);
      else {
        this.#requests.heard();
        this.#handle(message, buffers);
      }
    });
  }

  /** Paint what a trait holds, unless a job decides what is painted. */
  adopt(slot: Slot): void {
    if (this.#busy) return;
    const bytes = asBytes(this.#host.get(STORED[slot]));
    batch(() => {
      if (!bytes?.length) this.frames[slot].value = this.#bytes[slot] = null;
      else if (!equalBytes(bytes, this.#bytes[slot])) {
        this.#paint(slot, bytes, null);
        this.recall();
      }
    });
  }

  /** Take from the trait whether the stored result is of older settings. */
  recall(): void {
    if (!this.#busy) this.stale.value = this.#host.get("_stale") === true;
  }

  fail(message: string): void {
    this.#stop({ kind: "failed", message });
  }

  dispose(): void {
    this.#beat(false);
    this.#requests.dispose();
  }

  get #blocked(): boolean {
    return this.#phase.peek().kind === "pending" || this.#requests.undecided;
  }

  get #busy(): boolean {
    return this.#blocked || this.running.peek();
  }

  #status(): Status {
    const phase = this.#phase.value;
    if (this.#requests.waiting.value) return { kind: "waiting", message: NO_ANSWER };
    if (phase.kind === "pending") return { kind: "stale" };
    if (phase.kind !== "idle") return phase;
    if (this.stale.value) return { kind: "stale" };
    return { kind: this.#around.live.value ? "settled" : "offline" };
  }

  #decided(answer: Answer): void {
    const held = this.#held.splice(0);
    this.#job = answer.ok ? answer.job : null;
    if (!answer.ok) this.fail(answer.error);
    else if (answer.job === null) this.#rest();
    else {
      this.#begin(answer.job);
      for (const { event, buffers } of held) this.#handle(event, buffers, "held");
    }
  }

  /** Messages of a job may arrive before the answer that names it; of each kind the last counts. */
  #hold(event: JobEvent, buffers: unknown[]): void {
    const name = ({ job, ...rest }: JobEvent) =>
      `${job} ${rest.kind} ${rest.kind === "frame" ? rest.slot : ""}`;
    this.#held = this.#held.filter((other) => name(other.event) !== name(event));
    this.#held.push({ event, buffers });
  }

  #handle(event: JobEvent, buffers: unknown[], when: "now" | "held" = "now"): void {
    const known = event.job === this.#job || event.job === null;
    if (event.kind === "started" && when === "now") this.#begin(event.job);
    else if (!known) return;
    else if (event.kind === "frame") this.#advance(event, asBytes(buffers[0]));
    else if (event.kind === "progress") this.#progress(event);
    else if (event.kind === "failed") this.fail(event.error);
    else if (event.kind === "cancelled") this.#stop({ kind: "cancelled" });
  }

  #begin(job: Job): void {
    const fresh = this.#job !== job;
    if (fresh) this.stale.value = true;
    if (fresh || !this.running.peek()) {
      this.#finals.clear();
      this.#phase.value = { kind: "running", fraction: 0, remaining: null };
    }
    this.#job = job;
    this.#beat(true);
  }

  #advance(event: FrameEvent, bytes: Uint8Array | null): void {
    const { slot, final } = event;
    if (!bytes) {
      this.fail(`The kernel sent a result without its bytes. ${KEPT}`);
      return;
    }
    if (!this.#paint(slot, bytes, event.job)) return;
    if (final) this.#finals.add(slot);
    if (final && this.#complete(slot)) {
      this.#settle();
      return;
    }
    this.#progress(event);
  }

  /** What is sent again does not set the progress back. */
  #progress({ fraction, remaining }: { fraction: number; remaining: number | null }): void {
    const phase = this.#phase.peek();
    if (phase.kind !== "running" || phase.fraction <= fraction) {
      this.#phase.value = { kind: "running", fraction, remaining };
    }
    this.#beat(true);
  }

  #complete(slot: Slot): boolean {
    const wanted: Slot[] = this.#around.comparing.value ? ["main", "other"] : [slot];
    return wanted.every((each) => this.#finals.has(each));
  }

  #settle(): void {
    this.stale.value = false;
    this.#stop({ kind: "idle" });
  }

  /** Nothing is computed, so what is stored counts. */
  #rest(): void {
    this.#stop({ kind: "idle" });
    this.adopt("main");
    this.adopt("other");
    this.recall();
  }

  #stop(phase: Phase): void {
    this.#beat(false);
    this.#phase.value = phase;
  }

  #paint(slot: Slot, bytes: Uint8Array, job: Job | null): boolean {
    try {
      if (!equalBytes(bytes, this.#bytes[slot])) this.frames[slot].value = decode(bytes);
    } catch (error) {
      this.fail(`${error instanceof Error ? error.message : error} ${KEPT}`);
      return false;
    }
    this.#bytes[slot] = bytes;
    if (slot === "main") {
      this.stale.value = false;
      this.painted.value = job;
    }
    return true;
  }

  /** While a job runs in silence, ask now and then whether the kernel is still there. */
  #beat(on: boolean): void {
    clearTimeout(this.#pulse);
    if (!on) return;
    this.#pulse = setTimeout(() => {
      if (this.#greeting) this.#requests.missed();
      else this.hello();
      this.#beat(this.running.peek());
    }, PATIENCE);
  }
}

function equalBytes(one: Uint8Array, two: Uint8Array | null): boolean {
  return one.length === two?.length && one.every((byte, i) => byte === two[i]);
}
