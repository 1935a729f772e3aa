import { batch, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { isString } from "../guard";
import type { Host } from "../host";
import { watchTheme } from "../theme";
import { Traits } from "../traits";
import type { Theme } from "../types";
import {
  type Answer,
  type ChipGroup,
  type Current,
  type Event,
  type League,
  type Metrics,
  type Opened,
  type Pair,
  type Part,
  parse,
  type Selected,
} from "./protocol";

/** How long the kernel may be silent before the view says so, in milliseconds. */
const PATIENCE = 8000;
const SILENT =
  "The kernel does not answer: it is busy, or gone. The explorer needs its kernel; run the cell again.";

export type Heat = Extract<Event, { kind: "heat" }>;

/** What is asked without a user: its success says nothing about an error that is shown. */
const BACKGROUND = ["hello", "lines", "plots", "library", "point"];

type Settle = (answer: Answer, buffers: unknown[]) => void;

interface Pending {
  kind: string;
  settle: Settle;
  timer: ReturnType<typeof setTimeout>;
}

/** The state of one part of the explorer, as Python tells it. */
export class Store {
  readonly part: Part;
  readonly theme: ReadonlySignal<Theme>;
  readonly opened = signal<Opened | null>(null);
  readonly selected = signal<Selected | null>(null);
  readonly groups = signal<ChipGroup[]>([]);
  readonly tags = signal<string[]>([]);
  readonly metrics = signal<{ version: number; metrics: Metrics | null } | null>(null);
  readonly league = signal<League | null>(null);
  readonly heat = signal<Heat | null>(null);
  readonly current = signal<Current>({
    kind: "current",
    row: null,
    position: null,
    gold: null,
    score: null,
    star: false,
    tag: "",
    note: "",
  });
  /** Whether a picture is being computed. */
  readonly working = signal(false);
  /** Whether pictures are computed with the run's model. */
  readonly live = signal(false);
  /** The lines of the list that are at hand, by their place in it. */
  readonly lines = signal<ReadonlyMap<number, Pair>>(new Map());
  readonly error = signal("");
  /** The version of BokehJS that the plots need. */
  readonly library: string;
  /** A name that no other store in the page has. */
  readonly name = `siamviz-${Math.random().toString(36).slice(2)}`;
  readonly #host: Host;
  readonly #traits: Traits;
  readonly #pending = new Map<number, Pending>();
  readonly #asked = new Set<number>();
  readonly #stop: () => void;
  /** Several windows may share one kernel and see each other's answers. */
  #next = 1 + Math.floor(Math.random() * 2 ** 40);

  constructor(host: Host) {
    this.#host = host;
    this.#traits = new Traits(host);
    this.part = this.#traits.get("_part", isString, "board") === "list" ? "list" : "board";
    this.library = this.#traits.get("_bokeh", isString, "");
    const choice = this.#traits.follow("theme", isString, "auto");
    const page = watchTheme();
    const theme: Signal<Theme> = signal("light");
    const follow = () => {
      theme.value = choice.value === "auto" ? page.theme.value : (choice.value as Theme);
    };
    const stops = [choice.subscribe(follow), page.theme.subscribe(follow)];
    this.theme = theme;
    this.#stop = () => {
      for (const stop of stops) stop();
      page.stop();
    };
    this.#traits.listen("msg:custom", (content: unknown, buffers: unknown) =>
      this.receive(content, Array.isArray(buffers) ? buffers : []),
    );
    this.#traits.listen("comm_live_update", () => this.ask("hello"));
    this.ask("hello");
  }

  /** Ask Python for something; a refusal is shown. */
  ask(kind: string, body: Record<string, unknown> = {}, settle: Settle = () => {}): void {
    const id = this.#next++;
    const timer = setTimeout(() => {
      if (kind !== "point") this.error.value = SILENT;
    }, PATIENCE);
    this.#pending.set(id, { kind, settle, timer });
    try {
      this.#host.send({ ...body, id, kind });
    } catch {
      if (kind !== "point") this.error.value = SILENT;
    }
  }

  /** Put a filter in its place, or take it away. */
  filter(slot: string, value: unknown): void {
    this.ask("filter", { slot, value });
  }

  /** Fetch the lines of the list from `first` to before `end` that are not at hand. */
  fetch(first: number, end: number): void {
    const missing: number[] = [];
    for (let place = first; place < end; place++) if (!this.#asked.has(place)) missing.push(place);
    const [start] = missing;
    if (start === undefined) return;
    const stop = (missing.at(-1) ?? start) + 1;
    for (const place of missing) this.#asked.add(place);
    const version = this.selected.peek()?.version;
    this.ask("lines", { start, stop, version }, (answer) => {
      if (!answer.ok || version !== this.selected.peek()?.version) return;
      const lines = new Map(this.lines.peek());
      answer.pairs.forEach((pair, index) => {
        lines.set(start + index, pair);
      });
      this.lines.value = lines;
    });
  }

  /** Take one custom message. */
  receive(content: unknown, buffers: unknown[]): void {
    const message = parse(content);
    batch(() => {
      if (this.error.peek() === SILENT) this.error.value = "";
      if (message.kind === "answer") this.#settle(message, buffers);
      else if (message.kind === "fault") this.error.value = message.message;
      else this.#take(message);
    });
  }

  dispose(): void {
    for (const { timer } of this.#pending.values()) clearTimeout(timer);
    this.#stop();
    this.#traits.dispose();
  }

  #settle(answer: Answer, buffers: unknown[]): void {
    const pending = this.#pending.get(answer.id);
    if (!pending) return;
    clearTimeout(pending.timer);
    this.#pending.delete(answer.id);
    if (!answer.ok && pending.kind !== "point") this.error.value = answer.error;
    else if (!BACKGROUND.includes(pending.kind)) this.error.value = "";
    pending.settle(answer, buffers);
  }

  #take(event: Event): void {
    if (event.kind === "failed") this.error.value = event.error;
    else if (event.kind === "chips") {
      this.groups.value = event.groups;
      this.tags.value = event.tags;
    } else if (event.kind === "measured") this.metrics.value = event;
    else if (event.kind === "selected") this.#select(event);
    else if (event.kind === "tagged") this.#tag(event.pair);
    else if (event.kind === "opened") this.opened.value = event;
    else if (event.kind === "league") this.league.value = event;
    else if (event.kind === "heat") this.heat.value = event;
    else if (event.kind === "working") {
      if (event.working) this.error.value = "";
      this.working.value = event.working;
      this.live.value = event.live;
    } else this.current.value = event;
  }

  #select(event: Selected): void {
    if (event.version !== this.selected.peek()?.version) {
      this.lines.value = new Map();
      this.#asked.clear();
    }
    this.selected.value = event;
  }

  #tag(changed: { row: number; star: boolean; tag: string; note: string }): void {
    const lines = new Map(this.lines.peek());
    for (const [place, pair] of lines) {
      if (pair.row === changed.row) lines.set(place, { ...pair, ...changed });
    }
    this.lines.value = lines;
  }
}
