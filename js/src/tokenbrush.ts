import { effect } from "@preact/signals";
import { largestSum, lit } from "./lit";
import type { Palette, Picture, Side, Store } from "./types";

/** The share of the colour range that sums use, so that they stay behind what is looked at. */
const CALM = 0.6;

/** Room for the ring around a token, in pixels. */
const RING = 5;

/** How long long texts stay as they are while the pointer moves on, in milliseconds. */
const PAUSE = 50;

/** How long to rest on a pair before long texts scroll to it, in milliseconds. */
const REST = 120;

/** The amounts that colours stand for, and their range. */
interface Tint {
  palette: Palette;
  limit: number;
  value(index: number): number;
}

/** Colours the tokens of one text that are in view, without rendering them anew. */
export class TokenBrush {
  readonly #holder: HTMLElement;
  readonly #store: Store;
  readonly #side: Side;
  readonly #picture: Picture;
  readonly #spans: HTMLElement[];
  readonly #colors: string[] = [];
  readonly #stops: (() => void)[] = [];
  #tops: number[] = [];
  #height = 0;
  #lit: number | null = null;
  #pinned = new Set<number>();
  #waiting: ReturnType<typeof setTimeout> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(holder: HTMLElement, store: Store, side: Side, picture: Picture) {
    this.#holder = holder;
    this.#store = store;
    this.#side = side;
    this.#picture = picture;
    this.#spans = Array.from(holder.querySelectorAll<HTMLElement>("[data-token]"));
    const observer = new ResizeObserver(() => {
      this.#measure();
      this.#color();
    });
    observer.observe(holder);
    const scrolled = () => this.#color();
    holder.addEventListener("scroll", scrolled, { passive: true });
    this.#measure();
    this.#stops.push(
      effect(() => this.#paint()),
      () => observer.disconnect(),
      () => holder.removeEventListener("scroll", scrolled),
    );
  }

  dispose(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#waiting);
    for (const stop of this.#stops) stop();
  }

  /** Remember where the tokens are, so that hovering never asks for the layout. */
  #measure(): void {
    this.#height = this.#holder.clientHeight;
    const scrolls = this.#holder.scrollHeight > this.#height;
    if (scrolls) this.#holder.tabIndex = 0;
    else this.#holder.removeAttribute("tabindex");
    this.#tops = scrolls ? this.#spans.map((span) => span.offsetTop) : [];
  }

  #paint(): void {
    const place = lit(this.#store);
    const tint = this.#tint();
    const show = () => {
      this.#color(tint);
      this.#light(this.#side === "a" ? place.row : place.column);
    };
    clearTimeout(this.#waiting);
    if (this.#tops.length === 0) show();
    else this.#waiting = setTimeout(show, PAUSE);
    const sums = this.#store.pinSums.value;
    this.#pin(new Set(sums.flatMap((pin) => (this.#side === "a" ? pin.rows : pin.columns))));
  }

  #color({ palette, value, limit } = this.#tint()): void {
    const [first, end] = this.#inView();
    for (let index = first; index < end; index++) {
      const amount = value(index);
      const color = palette.color(amount, limit);
      const span = this.#spans[index];
      if (this.#colors[index] === color || !span) continue;
      this.#colors[index] = color;
      span.style.backgroundColor = color;
      span.style.color = amount === 0 ? "" : palette.ink(amount, limit);
    }
  }

  #inView(): [number, number] {
    const tops = this.#tops;
    if (tops.length === 0) return [0, this.#spans.length];
    const top = this.#holder.scrollTop;
    const first = tops.findIndex((place) => place > top - 40);
    const end = tops.findIndex((place) => place > top + this.#height);
    return [Math.max(0, first), end < 0 ? tops.length : end];
  }

  #tint(): Tint {
    const store = this.#store;
    const palette = store.palette.value;
    const special = store.special.value;
    const tokens = this.#side === "a" ? this.#picture.rows : this.#picture.columns;
    const { value, limit } = this.#effects();
    const shown = (index: number) => special || tokens[index]?.role === "text";
    return { palette, limit, value: (index) => (shown(index) ? value(index) : 0) };
  }

  /** Those with what is looked at in the other text, else the sums of its own. */
  #effects(): Pick<Tint, "value" | "limit"> {
    const picture = this.#picture;
    const ofA = this.#side === "a";
    const { row, column } = lit(this.#store);
    const width = picture.columns.length;
    const limit = this.#store.limit.value;
    if (ofA && column !== null) {
      return { limit, value: (index) => picture.values[index * width + column] ?? 0 };
    }
    if (!ofA && row !== null) {
      return { limit, value: (index) => picture.values[row * width + index] ?? 0 };
    }
    const sums = ofA ? picture.rowSums : picture.columnSums;
    const idle = row === null && column === null;
    return {
      limit: largestSum(picture) / CALM,
      value: (index) => (idle ? (sums[index] ?? 0) : 0),
    };
  }

  #light(index: number | null): void {
    if (index === this.#lit) return;
    if (this.#lit !== null) this.#spans[this.#lit]?.classList.remove("sv-lit");
    this.#lit = index;
    clearTimeout(this.#timer);
    if (index === null) return;
    this.#spans[index]?.classList.add("sv-lit");
    if (this.#tops.length > 0) this.#timer = setTimeout(() => this.#reveal(index), REST);
  }

  #reveal(index: number): void {
    const holder = this.#holder;
    const span = this.#spans[index];
    if (!span) return;
    const top = span.offsetTop - RING;
    const end = span.offsetTop + span.offsetHeight + RING;
    if (top < holder.scrollTop) holder.scrollTop = top;
    else if (end > holder.scrollTop + this.#height) holder.scrollTop = end - this.#height;
  }

  #pin(pinned: Set<number>): void {
    for (const index of this.#pinned) {
      if (!pinned.has(index)) this.#spans[index]?.classList.remove("sv-pinned");
    }
    for (const index of pinned) this.#spans[index]?.classList.add("sv-pinned");
    this.#pinned = pinned;
  }
}
