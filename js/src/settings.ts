import { type Signal, signal } from "@preact/signals";
import { type Guard, isCount, isNumber, isObject, isString, oneOf, orNull } from "./guard";
import type { Traits } from "./traits";
import { type Compare, RULES, type Settings } from "./types";

type Name = keyof Settings;

interface Field<T> {
  trait: string;
  guard: Guard<T>;
  fallback: T;
}

const FIELDS: { [N in Name]: Field<Settings[N]> } = {
  textA: { trait: "text_a", guard: isString, fallback: "" },
  textB: { trait: "text_b", guard: isString, fallback: "" },
  layer: { trait: "layer", guard: isCount, fallback: 0 },
  baseline: { trait: "baseline", guard: isString, fallback: "" },
  rule: { trait: "rule", guard: oneOf(...RULES), fallback: "adaptive" },
  steps: { trait: "steps", guard: isCount, fallback: 0 },
  tolerance: { trait: "tolerance", guard: isNumber, fallback: 0.01 },
  references: { trait: "references", guard: isCount, fallback: 0 },
  compare: { trait: "compare", guard: orNull(isObject as Guard<Compare>), fallback: null },
};
const NAMES = Object.keys(FIELDS) as Name[];

/** What the controls show: the model's settings, and over them what the user has just chosen. */
export class SettingSignals {
  readonly signals: { readonly [N in Name]: Signal<Settings[N]> };
  /** Names that the user changed and Python has not agreed to yet. */
  readonly #chosen = new Set<Name>();
  /** What Python set meanwhile, for those names. */
  readonly #set = new Map<Name, () => void>();

  readonly #traits: Traits;

  constructor(traits: Traits) {
    this.#traits = traits;
    const entries = NAMES.map((name) => [name, this.#mirror(name)]);
    this.signals = Object.fromEntries(entries) as typeof this.signals;
  }

  /** Show what the user chose; return whether anything differs. */
  choose(settings: Partial<Settings>): boolean {
    let differs = false;
    for (const name of NAMES) {
      if (!(name in settings)) continue;
      const mirror: Signal<unknown> = this.signals[name];
      if (JSON.stringify(mirror.peek()) === JSON.stringify(settings[name])) continue;
      mirror.value = settings[name];
      this.#chosen.add(name);
      differs = true;
    }
    return differs;
  }

  /** Return the chosen settings under their traits' names. */
  chosen(): Record<string, unknown> {
    const names = [...this.#chosen];
    return Object.fromEntries(names.map((name) => [FIELDS[name].trait, this.signals[name].peek()]));
  }

  /** Python accepted or refused what was chosen: from here on its own values count again. */
  decide(accepted: boolean): void {
    const chosen = new Set(this.#chosen);
    this.#chosen.clear();
    for (const name of NAMES) {
      const set = this.#set.get(name);
      if (set) set();
      else if (accepted && !chosen.has(name)) this.#read(name);
    }
    this.#set.clear();
  }

  /** A refused value stays in its control until the next settings are accepted. */
  #read<N extends Name>(name: N): void {
    const { trait, guard, fallback }: Field<Settings[N]> = FIELDS[name];
    this.signals[name].value = this.#traits.get(trait, guard, fallback);
  }

  #mirror<N extends Name>(name: N): Signal<Settings[N]> {
    const { trait, guard, fallback }: Field<Settings[N]> = FIELDS[name];
    const mirror = signal(this.#traits.get(trait, guard, fallback));
    this.#traits.watch(trait, guard, (value) => {
      const show = () => {
        mirror.value = value;
      };
      if (this.#chosen.has(name)) this.#set.set(name, show);
      else show();
    });
    return mirror;
  }
}
