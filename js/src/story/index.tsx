import { effect, type Signal, signal } from "@preact/signals";
import { h, render } from "preact";
import { asBytes, isObject, isString } from "../guard";
import type { Host } from "../host";
import { parseMessage } from "../protocol";
import { Requests } from "../request";
import { fromBase64, told } from "../standalone";
import { watchTheme } from "../theme";
import { type Deck, parseDeck } from "./data";
import { type Change, Talk } from "./deck";
import { Organiser } from "./organiser";
import { Stage } from "./stage";
import { change } from "./transition";

const NO_ANSWER =
  "The kernel does not answer yet: it is busy, or gone; then run the cell again to change slides.";
const REFERENCE = "IPY_MODEL_";

interface Notebook extends Host {
  widget_manager?: { get_model(id: string): Promise<Host> };
}

/** The widget: a story in a notebook. */
export default function widget() {
  return {
    render({ model, el }: { model: Notebook; el: HTMLElement }) {
      const deck = signal(deckOf(model));
      const talk = new Talk(deck, Number(model.get("_start")) || 0, change);
      const organising = signal(model.get("_organising") === true);
      const trouble = signal("");
      const requests = new Requests((message) => model.send(message));
      const ask = (change: Change) => {
        const { kind, ...body } = change;
        const sent = requests.post(kind, { ...body, revision: deck.peek().revision }, (answer) => {
          trouble.value = answer.ok ? "" : answer.error;
          if (!answer.ok) deck.value = deckOf(model);
        });
        if (!sent) trouble.value = NO_ANSWER;
      };
      const stopWaiting = requests.waiting.subscribe((waiting) => {
        if (waiting) trouble.value = NO_ANSWER;
      });
      const changed = () => {
        deck.value = deckOf(model);
      };
      const heard = (content: unknown, buffers: unknown) => {
        const message = parseMessage(content);
        if (message.kind === "answer") requests.answer(message, buffers as unknown[]);
      };
      model.on("change:_deck", changed);
      model.on("msg:custom", heard);
      const close = show(el, deck, () =>
        organising.value
          ? h(Organiser, {
              talk,
              ask,
              trouble: trouble.value,
              present: (place) => {
                talk.go(place);
                organising.value = false;
              },
            })
          : h(Stage, {
              talk,
              palette: asBytes(model.get("_palette")) ?? new Uint8Array(),
              live: (place) => liveModel(model, place),
              leave: () => {
                organising.value = true;
              },
            }),
      );
      return () => {
        close();
        stopWaiting();
        requests.dispose();
        model.off("change:_deck", changed);
        model.off("msg:custom", heard);
      };
    },
  };
}

function deckOf(model: Host): Deck {
  return parseDeck(JSON.parse(String(model.get("_deck"))));
}

/** The model of the view that computes a slide. */
function liveModel(model: Notebook, place: number): Promise<Host> | null {
  const names = model.get("_live");
  const name = Array.isArray(names) ? names[place] : "";
  if (!isString(name) || !name.startsWith(REFERENCE) || !model.widget_manager) return null;
  return model.widget_manager.get_model(name.slice(REFERENCE.length));
}

function Root({ body }: { body: () => preact.ComponentChild }) {
  return body();
}

/** Show a story in an element; return what takes it away. */
function show(parent: HTMLElement, deck: Signal<Deck>, body: () => preact.ComponentChild) {
  const root = parent.ownerDocument.createElement("div");
  root.className = "siamviz siamviz-story";
  parent.append(root);
  const host = watchTheme();
  const stop = effect(() => {
    const choice = deck.value.theme;
    root.dataset.theme = choice === "auto" ? host.theme.value : choice;
  });
  render(h(Root, { body }), root);
  return () => {
    stop();
    host.stop();
    render(null, root);
    root.remove();
  };
}

/** Bring an exported page to life; the static pictures stay if its data cannot be read. */
export function start(page: Document): void {
  const root = page.getElementById("siamviz-root");
  if (!root) return;
  try {
    const data: unknown = JSON.parse(page.getElementById("siamviz-data")?.textContent ?? "");
    const deck = signal(parseDeck(data));
    const palette = fromBase64(isObject(data) && isString(data.palette) ? data.palette : "");
    const talk = new Talk(deck, placeIn(page), change);
    talk.place.subscribe(() => {
      try {
        history.replaceState(null, "", `#${talk.here + 1}`);
      } catch {
        // A page inside another has no address of its own.
      }
    });
    page.defaultView?.addEventListener("hashchange", () => talk.go(placeIn(page)));
    show(root, deck, () => h(Stage, { talk, palette, live: () => null }));
  } catch (error) {
    root.prepend(told(page, error));
  }
}

/** The slide that the address names, as in talk.html#3. */
function placeIn(page: Document): number {
  return Math.max(0, Math.floor(Number(page.location.hash.slice(1)) || 1) - 1);
}

if (document.documentElement.hasAttribute("data-siamviz-story")) start(document);
