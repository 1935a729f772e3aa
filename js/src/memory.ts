import { decode } from "./decode";
import { toCsv, toJson } from "./files";
import type { Host, HostCallback } from "./host";
import { picture } from "./picture";
import type { PictureOptions } from "./types";

/** What an exported page holds of one computed result. */
export interface PageFrame {
  settings: Record<string, unknown>;
  bytes: Uint8Array;
  /** What it is compared with; empty for nothing. */
  other: Uint8Array;
}

/** A model without a kernel: it answers requests to compute from results that it holds. */
export class MemoryHost implements Host {
  readonly #traits: Map<string, unknown>;
  readonly #frames: PageFrame[];
  readonly #listeners = new Map<string, Set<HostCallback>>();
  #job = 0;

  constructor(traits: Record<string, unknown>, frames: PageFrame[]) {
    this.#frames = frames;
    this.#traits = new Map(Object.entries({ ...traits, ...offers(frames), _page: true }));
    const shown = this.#closest(traits);
    if (shown) this.#show(shown);
  }

  get(name: string): unknown {
    return this.#traits.get(name);
  }

  set(name: string, value: unknown): void {
    this.#traits.set(name, value);
    this.#emit(`change:${name}`);
  }

  save_changes(): void {
    // Nothing is kept beyond the page.
  }

  on(event: string, callback: HostCallback): void {
    const callbacks = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, callbacks.add(callback));
  }

  off(event: string, callback: HostCallback): void {
    this.#listeners.get(event)?.delete(callback);
  }

  send(content: unknown): void {
    const { id, kind, settings, format } = content as Record<string, unknown>;
    if (kind === "export") {
      this.#export(id, format);
      return;
    }
    const wanted =
      kind === "compute" ? this.#closest((settings ?? {}) as PageFrame["settings"]) : null;
    if (!wanted) {
      this.#emit("msg:custom", { id, ok: false, error: "A page cannot compute anything new." }, []);
      return;
    }
    this.#show(wanted);
    const job = ++this.#job;
    this.#emit("msg:custom", { id, ok: true, job }, []);
    const frame = { kind: "frame", job, slot: "main", final: true, remaining: 0, fraction: 1 };
    this.#emit("msg:custom", frame, [wanted.bytes]);
    if (wanted.other.length) this.#emit("msg:custom", { ...frame, slot: "other" }, [wanted.other]);
  }

  #export(id: unknown, format: unknown): void {
    const bytes = this.#traits.get("_frame") as Uint8Array;
    const options = Object.fromEntries(this.#traits) as unknown as PictureOptions;
    const text = format === "csv" ? toCsv(picture(decode(bytes), options)) : toJson(bytes);
    const mime = format === "csv" ? "text/csv" : "application/json";
    const answer = { id, ok: true, name: `siamviz.${format}`, mime };
    this.#emit("msg:custom", answer, [new TextEncoder().encode(text)]);
  }

  /** The result that meets the wanted settings and, of those, keeps most of the shown ones. */
  #closest(wanted: Record<string, unknown>): PageFrame | null {
    let best: PageFrame | null = null;
    let least = Number.POSITIVE_INFINITY;
    for (const frame of this.#frames) {
      const names = Object.keys(frame.settings);
      const far = names.reduce((sum, name) => {
        const [weight, value] = name in wanted ? [1000, wanted[name]] : [1, this.#traits.get(name)];
        return sum + weight * distance(frame.settings[name], value);
      }, 0);
      if (far < least) [best, least] = [frame, far];
    }
    return best;
  }

  #show(frame: PageFrame): void {
    for (const [name, value] of Object.entries(frame.settings)) this.set(name, value);
    this.#traits.set("_frame", frame.bytes);
    this.#traits.set("_other", frame.other);
  }

  #emit(event: string, ...values: unknown[]): void {
    for (const callback of this.#listeners.get(event) ?? []) callback(...(values as never[]));
  }
}

/** 0 for equal values, up to 1 for numbers by their ratio, 1 for anything else. */
function distance(one: unknown, two: unknown): number {
  if (one === two) return 0;
  if (typeof one !== "number" || typeof two !== "number") return 1;
  return 1 - Math.min(one + 1, two + 1) / Math.max(one + 1, two + 1);
}

/** The choices that several results leave. */
function offers(frames: PageFrame[]): Record<string, unknown> {
  const values = (name: string) => [...new Set(frames.map(({ settings }) => settings[name]))];
  const numbers = (name: string) =>
    values(name)
      .filter((value): value is number => typeof value === "number")
      .sort((a, b) => a - b);
  return { baselines: values("baseline"), _layers: numbers("layer"), _steps: numbers("steps") };
}
