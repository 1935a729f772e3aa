import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Deck, Slide } from "./data";

const SIZES = [0.6, 0.7, 0.8, 0.9, 1, 1.15, 1.3, 1.5, 1.75, 2];
const USUAL = SIZES.indexOf(1);

/** What a story asks Python to do to it. */
export type Change =
  | { kind: "move"; number: number; to: number }
  | { kind: "remove"; number: number }
  | { kind: "edit"; number: number; caption?: string; notes?: string }
  | { kind: "rename"; title: string }
  | { kind: "undo" };

/** Where a talk stands, and what moves it; slides count from 0. */
export class Talk {
  readonly deck: ReadonlySignal<Deck>;
  readonly place: Signal<number>;
  readonly blank = signal(false);
  /** Whether the views show their controls. */
  readonly controls = signal(false);
  readonly helping = signal(false);
  readonly size = computed(() => SIZES[this.#size.value] ?? 1);
  readonly slide: ReadonlySignal<Slide | null>;
  readonly #arrive: (from: Slide | null, to: Slide | undefined, update: () => void) => void;
  /** Where it goes, which an animation puts off a little. */
  #aim: number;
  /** Show the next unit of the view on stage. */
  cycleUnit = () => {};
  readonly #size = signal(USUAL);

  /** `arrive` does an update, which brings one slide after another. */
  constructor(
    deck: ReadonlySignal<Deck>,
    start: number,
    arrive: (from: Slide | null, to: Slide | undefined, update: () => void) => void = (
      _from,
      _to,
      update,
    ) => update(),
  ) {
    this.deck = deck;
    this.#arrive = arrive;
    this.#aim = start;
    this.place = signal(start);
    this.slide = computed(() => this.deck.value.slides[this.here] ?? null);
  }

  /** The slide shown, which exists as long as there is one. */
  get here(): number {
    return this.#within(this.place.value);
  }

  get count(): number {
    return this.deck.value.slides.length;
  }

  go(place: number): void {
    this.blank.value = false;
    this.#aim = this.#within(place);
    this.#arrive(this.slide.peek(), this.deck.peek().slides[this.#aim], () => {
      this.place.value = this.#aim;
    });
  }

  step(by: number): void {
    this.go(this.#within(this.#aim) + by);
  }

  #within(place: number): number {
    return Math.max(0, Math.min(place, this.count - 1));
  }

  resize(by: number): void {
    const last = SIZES.length - 1;
    this.#size.value = by ? Math.max(0, Math.min(this.#size.value + by, last)) : USUAL;
  }

  /** Do what a key asks; return whether it means anything here. */
  press(key: string): boolean {
    const action = this.#actions[key];
    if (!action) return false;
    action();
    return true;
  }

  readonly #actions: Record<string, () => void> = {
    ArrowRight: () => this.step(1),
    PageDown: () => this.step(1),
    " ": () => this.step(1),
    ArrowLeft: () => this.step(-1),
    PageUp: () => this.step(-1),
    Home: () => this.go(0),
    End: () => this.go(this.count - 1),
    b: () => toggle(this.blank),
    ".": () => toggle(this.blank),
    u: () => this.cycleUnit(),
    c: () => toggle(this.controls),
    "?": () => toggle(this.helping),
    "+": () => this.resize(1),
    "=": () => this.resize(1),
    "-": () => this.resize(-1),
    "0": () => this.resize(0),
  };
}

function toggle(flag: Signal<boolean>): void {
  flag.value = !flag.peek();
}
