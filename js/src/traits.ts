import { effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Guard } from "./guard";
import type { Host } from "./host";

/** How often changed traits are sent at most, in milliseconds. */
const SAVE_INTERVAL = 50;

/** Signals that mirror a model's traits. */
export class Traits {
  readonly #host: Host;
  readonly #cleanups: (() => void)[] = [];
  readonly #unsent = new Map<string, unknown>();
  readonly #sent = new Map<string, unknown>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(host: Host) {
    this.#host = host;
  }

  /** Return the trait's value, or `fallback` if it is missing or unfit. */
  get<T>(name: string, guard: Guard<T>, fallback: T): T {
    const value = this.#host.get(name);
    return guard(value) ? value : fallback;
  }

  /** Call `react` with each fit value that the model sets. */
  watch<T>(name: string, guard: Guard<T>, react: (value: T) => void): void {
    this.listen(`change:${name}`, () => {
      const value = this.#host.get(name);
      if (guard(value)) react(value);
    });
  }

  /** Call `react` on an event of the model, until disposal. */
  listen(event: string, react: (...values: never[]) => void): void {
    this.#host.on(event, react);
    this.#cleanups.push(() => this.#host.off(event, react));
  }

  /** Return a signal that follows the trait. */
  follow<T>(name: string, guard: Guard<T>, fallback: T): ReadonlySignal<T> {
    const mirror = signal(this.get(name, guard, fallback));
    this.watch(name, guard, (value) => {
      mirror.value = value;
    });
    return mirror;
  }

  /** Return a signal that follows the trait and sets it. */
  bind<T>(name: string, guard: Guard<T>, fallback: T): Signal<T> {
    const mirror = signal(this.get(name, guard, fallback));
    this.watch(name, guard, (value) => {
      // The echo of an older choice may come while a newer one waits to be sent.
      if (this.#unsent.has(name) && same(value, this.#sent.get(name))) return;
      if (!same(value, mirror.peek())) mirror.value = value;
    });
    let untouched = true;
    this.#cleanups.push(
      effect(() => {
        const value = mirror.value;
        if (!untouched) this.#write(name, value);
        untouched = false;
      }),
    );
    return mirror;
  }

  dispose(): void {
    clearTimeout(this.#timer);
    for (const cleanup of this.#cleanups.splice(0)) cleanup();
  }

  #write(name: string, value: unknown): void {
    if (!this.#unsent.has(name) && same(value, this.#host.get(name))) return;
    this.#unsent.set(name, value);
    this.#host.set(name, value);
    this.#timer ??= setTimeout(() => this.#send(), SAVE_INTERVAL);
  }

  #send(): void {
    this.#timer = undefined;
    for (const [name, value] of this.#unsent) {
      this.#sent.set(name, value);
      if (!same(value, this.#host.get(name))) this.#host.set(name, value);
    }
    this.#unsent.clear();
    this.#host.save_changes();
  }
}

function same(one: unknown, two: unknown): boolean {
  return Object.is(one, two) || JSON.stringify(one) === JSON.stringify(two);
}
