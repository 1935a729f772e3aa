import { computed, signal } from "@preact/signals";
import { type Data, measure, type Pair } from "./data";
import { type Corners, inside } from "./points";

/** The pairs that are selected, in the order of their errors. */
export interface Chosen {
  places: number[];
  /** Means over them. */
  error: number;
  size: number;
}

/** What a reader has selected of a report; all conditions must hold. */
export class Study {
  readonly region = signal<Corners | null>(null);
  readonly span = signal<[number, number] | null>(null);
  readonly words = signal<number | null>(null);
  readonly marked = signal(false);
  /** The place of the pair that is looked at. */
  readonly current = signal<number | null>(null);
  readonly chosen = computed(() => this.#choose());
  readonly listed = computed(() => this.#list());
  readonly selective = computed(
    () =>
      this.region.value !== null ||
      this.span.value !== null ||
      this.words.value !== null ||
      this.marked.value,
  );
  readonly #known: Map<number, Pair>;

  constructor(readonly data: Data) {
    this.#known = new Map(data.pairs.map((pair) => [pair.place, pair]));
    this.current.value = data.pairs[0]?.place ?? null;
  }

  /** The texts of a pair, if the report holds them. */
  pair(place: number): Pair | undefined {
    return this.#known.get(place);
  }

  /** How many pairs are starred or tagged. */
  get marks(): number {
    return this.data.pairs.filter(isMarked).length;
  }

  clear(): void {
    this.region.value = null;
    this.span.value = null;
    this.words.value = null;
    this.marked.value = false;
  }

  /** Go to the pair so many lines further in the list. */
  step(by: number): void {
    const places = this.listed.value.map(({ place }) => place);
    const at = places.indexOf(this.current.value ?? -1);
    const next = at < 0 ? 0 : Math.min(places.length - 1, Math.max(0, at + by));
    this.current.value = places[next] ?? null;
  }

  #choose(): Chosen {
    const { data } = this;
    const [region, span, words] = [this.region.value, this.span.value, this.words.value];
    const among = words === null ? null : new Set(data.words[words]?.places);
    const marked = this.marked.value;
    const places: number[] = [];
    let [error, size] = [0, 0];
    for (let place = 0; place < data.score.length; place++) {
      const value = measure(data, place);
      if (span && (value < span[0] || value > span[1])) continue;
      if (among && !among.has(place)) continue;
      if (marked && !isMarked(this.#known.get(place))) continue;
      if (region && !inside(region, data.gold[place] ?? 0, data.score[place] ?? 0)) continue;
      places.push(place);
      error += value;
      size += Math.abs(value);
    }
    return { places, error: error / places.length, size: size / places.length };
  }

  #list(): Pair[] {
    if (!this.selective.value) return this.data.pairs;
    return this.chosen.value.places.flatMap((place) => this.#known.get(place) ?? []);
  }
}

export function isMarked(pair: Pair | undefined): boolean {
  return pair !== undefined && (pair.star || pair.tag !== "");
}
