import type { Host, HostCallback } from "../src/host";
import { caseOf, palette, unfinished } from "./cases";

const PARTS = 12;
const PAUSE = 250;

interface Request {
  id: number;
  kind: string;
  settings?: Record<string, unknown>;
}

/** A model whose kernel answers from stored results, at the pace of a slow machine. */
export class DevHost implements Host {
  private readonly traits: Record<string, unknown>;
  private readonly callbacks = new Map<string, Set<HostCallback>>();
  private job = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    traits: Record<string, unknown>,
    private readonly name: string,
  ) {
    this.traits = { ...defaults(name), ...traits };
  }

  get(name: string): unknown {
    return this.traits[name];
  }

  set(name: string, value: unknown): void {
    this.traits[name] = value;
  }

  save_changes(): void {}

  on(event: string, callback: HostCallback): void {
    const known = this.callbacks.get(event) ?? new Set();
    this.callbacks.set(event, known.add(callback));
  }

  off(event: string, callback: HostCallback): void {
    this.callbacks.get(event)?.delete(callback);
  }

  send(content: unknown): void {
    const request = content as Request;
    if (this.traits.mute) return;
    setTimeout(() => this.answer(request), 5);
  }

  private answer(request: Request): void {
    if (request.kind === "compute") {
      this.compute(request);
      return;
    }
    if (request.kind === "cancel") clearTimeout(this.timer);
    const job = this.job || null;
    this.emit({ id: request.id, ok: true, job, running: false, live: true, name: "", mime: "" });
    if (request.kind === "cancel") this.emit({ kind: "cancelled", job });
  }

  private compute({ id, settings = {} }: Request): void {
    clearTimeout(this.timer);
    this.job += 1;
    if (settings.text_a === "") {
      this.emit({
        id,
        ok: false,
        error: "text_a is empty. Give a text with at least one token.",
      });
      return;
    }
    this.emit({ id, ok: true, job: this.job });
    const compare = settings.compare as Record<string, unknown> | null | undefined;
    if (compare) this.frame("other", other(compare), true, 1);
    if (Object.keys(settings).some((name) => name !== "compare")) this.run(settings, 1);
  }

  private run(settings: Record<string, unknown>, part: number): void {
    const name = settings.layer === 3 ? "layer3" : String(settings.baseline ?? this.name);
    const fraction = part / PARTS;
    const bytes = caseOf(name);
    this.frame(
      "main",
      part < PARTS ? unfinished(bytes, fraction) : bytes,
      part === PARTS,
      fraction,
    );
    if (part < PARTS) this.timer = setTimeout(() => this.run(settings, part + 1), PAUSE);
  }

  private frame(slot: string, bytes: Uint8Array, final: boolean, fraction: number): void {
    const remaining = ((1 - fraction) * PARTS * PAUSE) / 1000;
    this.emit({ kind: "frame", job: this.job, slot, final, fraction, remaining }, [bytes]);
  }

  /** Deliver a message as the kernel would. */
  emit(content: unknown, buffers: Uint8Array[] = []): void {
    const views = buffers.map(
      (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    );
    for (const callback of this.callbacks.get("msg:custom") ?? []) {
      (callback as (...values: unknown[]) => void)(content, views);
    }
  }
}

/** The stored result that a comparison asks for. */
export function other(compare: Record<string, unknown>): Uint8Array {
  if (compare.method) return caseOf("deletion");
  if (compare.text_b) return caseOf("candidate");
  return caseOf(compare.layer === undefined ? String(compare.baseline) : "layer3");
}

function defaults(name: string): Record<string, unknown> {
  return {
    text_a: "The dog runs after the kitten in the yard.",
    text_b: "Outside in the garden the cat is chased by the dog.",
    layer: name === "layer3" ? 3 : 0,
    baseline: ["pad", "mask"].includes(name) ? name : "corpus",
    rule: "adaptive",
    steps: 28,
    tolerance: 0.01,
    references: 40,
    similarity: "cosine",
    unit: "word",
    folded: false,
    view: "matrix",
    top_k: 0,
    threshold: 0,
    special: false,
    limit: null,
    pins: [],
    compare: null,
    theme: "auto",
    model_name: "all-MiniLM-L6-v2",
    layers: 6,
    baselines: ["corpus", "pad", "mask", "zero", "unk"],
    live: true,
    _frame: caseOf(name),
    _other: new Uint8Array(),
    _palette: palette,
  };
}
