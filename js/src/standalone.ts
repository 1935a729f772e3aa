import { isObject, isString, type JsonObject } from "./guard";
import { MemoryHost, type PageFrame } from "./memory";
import { mount } from "./mount";
import { createStore } from "./state";
import { visible } from "./text";

/** Bring an exported page to life; the static table stays if its data cannot be read. */
export function start(page: Document): void {
  const root = page.getElementById("siamviz-root");
  if (!root) return;
  try {
    const data = JSON.parse(page.getElementById("siamviz-data")?.textContent ?? "");
    mount(createStore(pageHost(data)), root);
  } catch (error) {
    root.prepend(told(page, error));
  }
}

/** Return a note that says why a page is not alive. */
export function told(page: Document, error: unknown): HTMLElement {
  const note = page.createElement("p");
  note.setAttribute("role", "alert");
  const reason = error instanceof Error ? error.message : String(error);
  note.textContent = `This page is not interactive: ${visible(reason)}`;
  return note;
}

/** Return the model of an exported page from its data. */
export function pageHost(data: unknown): MemoryHost {
  if (!isObject(data) || !isObject(data.state) || !Array.isArray(data.frames)) {
    throw new Error("its data has no “state” or no “frames”.");
  }
  const traits = { ...data.state, live: false, _palette: bytesOf(data, "palette") };
  return new MemoryHost(traits, data.frames.map(pageFrame));
}

function bytesOf(data: JsonObject, name: string): Uint8Array {
  const value = data[name];
  return isString(value) ? fromBase64(value) : new Uint8Array();
}

function pageFrame(entry: unknown): PageFrame {
  if (!isObject(entry) || !isObject(entry.settings) || !isString(entry.frame)) {
    throw new Error("one of its results has no “settings” or no “frame”.");
  }
  return {
    settings: entry.settings,
    bytes: fromBase64(entry.frame),
    other: bytesOf(entry, "other"),
  };
}

export function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
