import { isNumber, isObject, isString, type JsonObject } from "../guard";
import type { PageFrame } from "../memory";
import { fromBase64 } from "../standalone";

/** A piece of a caption in one style. */
export interface Span {
  text: string;
  strong: boolean;
  emphasis: boolean;
  href: string;
}

/** One captured state of a view, and what is said about it. */
export interface Slide {
  /** The same as long as the slide is. */
  key: number;
  caption: Span[];
  /** The caption as it was typed. */
  source: string;
  notes: string;
  /** What the slide shows, in a line. */
  name: string;
  state: JsonObject;
  frame: PageFrame;
}

export interface Deck {
  title: string;
  /** light, dark, or auto. */
  theme: string;
  slides: Slide[];
  undoable: boolean;
  /** Counts changes, so that none is asked of an older state. */
  revision: number;
}

const LINK = /^(https?:\/\/|mailto:)/i;

/** Return the story that plain data describes. */
export function parseDeck(data: unknown): Deck {
  if (!isObject(data) || !Array.isArray(data.slides) || !Array.isArray(data.frames)) {
    throw new Error("its data has no “slides” or no “frames”.");
  }
  const frames = data.frames.map((frame) => fromBase64(String(frame)));
  return {
    title: textOf(data.title),
    theme: textOf(data.theme),
    slides: data.slides.map((slide, index) => parseSlide(slide, index + 1, frames)),
    undoable: data.undoable === true,
    revision: isNumber(data.revision) ? data.revision : 0,
  };
}

function parseSlide(slide: unknown, number: number, frames: Uint8Array[]): Slide {
  if (!isObject(slide) || !isObject(slide.state) || !Array.isArray(slide.caption)) {
    throw new Error(`slide ${number} has no “state” or no “caption”.`);
  }
  const bytes = (place: unknown) => (isNumber(place) && frames[place]) || new Uint8Array();
  const { baseline, layer, rule, steps } = slide.state;
  const settings = { baseline, layer, rule, steps: rule === "adaptive" ? null : steps };
  return {
    key: isNumber(slide.key) ? slide.key : number,
    caption: slide.caption.filter(isObject).map(parseSpan),
    source: textOf(slide.source),
    notes: textOf(slide.notes),
    name: textOf(slide.name),
    state: slide.state,
    frame: { settings, bytes: bytes(slide.frame), other: bytes(slide.other) },
  };
}

function parseSpan({ text, strong, emphasis, href }: JsonObject): Span {
  const link = textOf(href);
  return {
    text: textOf(text),
    strong: strong === true,
    emphasis: emphasis === true,
    href: LINK.test(link) ? link : "",
  };
}

function textOf(value: unknown): string {
  return isString(value) ? value : "";
}
