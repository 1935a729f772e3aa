import { type Geometry, inView, legible } from "./geometry";
import { label } from "./text";
import type { Token } from "./types";

/** One heading of a row or column. */
export interface Heading {
  token: Token;
  /** How much it matters where there is no room for all. */
  strength: number;
}

/** The headings of one axis, as elements for those that are in view alone. */
export class AxisLabels {
  readonly #parent: HTMLElement;
  readonly #ofRows: boolean;
  readonly #spans = new Map<number, HTMLElement>();
  #headings: Heading[] = [];
  #geometry: Geometry | null = null;
  #scroll = 0;
  #lit: number | null = null;
  readonly #extra: HTMLElement;

  constructor(parent: HTMLElement, ofRows: boolean) {
    this.#parent = parent;
    this.#ofRows = ofRows;
    this.#extra = document.createElement("span");
    this.#extra.className = "sv-label sv-lit sv-extra";
  }

  /** Put the headings in place. */
  show(headings: Heading[], geometry: Geometry, scroll: number): void {
    const ofRows = this.#ofRows;
    const parent = this.#parent;
    this.#headings = headings;
    this.#geometry = geometry;
    this.#scroll = scroll;
    parent.style.fontSize = `${geometry.font}px`;
    parent.dataset.tilt = geometry.tilt;
    const window = ofRows
      ? [geometry.left - 8, geometry.viewHeight, 0, geometry.top]
      : [geometry.width - geometry.left, geometry.top, geometry.left, 0];
    place(parent, window as [number, number, number, number]);
    const view = ofRows ? geometry.viewHeight : geometry.viewWidth;
    const [first, end] = inView(scroll, view, geometry.cell, headings.length);
    const strength = (index: number) => headings[index]?.strength ?? 0;
    const chosen = legible(first, end, geometry.cell, geometry.font * 1.15, strength);
    this.#spans.clear();
    parent.replaceChildren(...chosen.map((index) => this.#span(index)), this.#extra);
    const lit = this.#lit;
    this.#lit = null;
    this.highlight(lit);
  }

  /** Make one heading stand out; one that had no room is put over the others. */
  highlight(index: number | null): void {
    if (index === this.#lit) return;
    if (this.#lit !== null) this.#spans.get(this.#lit)?.classList.remove("sv-lit");
    this.#lit = index;
    this.#extra.hidden = true;
    if (index === null) return;
    const span = this.#spans.get(index);
    span?.classList.add("sv-lit");
    if (!span) this.#showExtra(index);
  }

  #showExtra(index: number): void {
    const heading = this.#headings[index];
    if (!heading) return;
    this.#dress(this.#extra, heading, index);
    this.#extra.classList.add("sv-lit", "sv-extra");
    this.#extra.hidden = false;
  }

  #span(index: number): HTMLElement {
    const span = document.createElement("span");
    this.#dress(span, this.#headings[index] as Heading, index);
    this.#spans.set(index, span);
    return span;
  }

  #dress(span: HTMLElement, { token }: Heading, index: number): void {
    const { cell } = this.#geometry as Geometry;
    const middle = (index + 0.5) * cell - this.#scroll;
    span.className = token.role === "text" ? "sv-label" : "sv-label sv-special";
    span.dir = "auto";
    span.textContent = label(token.text);
    span.style.setProperty("--at", `${middle}px`);
  }
}

function place(element: HTMLElement, [width, height, left, top]: [number, number, number, number]) {
  Object.assign(element.style, {
    width: `${width}px`,
    height: `${height}px`,
    left: `${left}px`,
    top: `${top}px`,
  });
}
