import { computed, type ReadonlySignal } from "@preact/signals";
import {
  type Guard,
  isBoolean,
  isCount,
  isNumber,
  isObject,
  isString,
  listOf,
  oneOf,
  orNull,
} from "./guard";
import type { Traits } from "./traits";
import type { Choices, Frame, Pin, Similarity, ThemeChoice, Unit, View } from "./types";

const isPin = ((value) =>
  isObject(value) && listOf(isCount)(value.a) && listOf(isCount)(value.b)) as Guard<Pin>;

export type ViewTraits = ReturnType<typeof viewTraits>;

/** Return the signals of how a result is looked at, which are traits and need no model. */
export function viewTraits(traits: Traits) {
  const isUnit = oneOf("token", "word", "sentence", "spans");
  const isView = oneOf("matrix", "links", "pairs", "compare");
  return {
    similarity: traits.bind<Similarity>("similarity", oneOf("cosine", "dot"), "cosine"),
    unit: traits.bind<Unit>("unit", isUnit, "token"),
    folded: traits.bind("folded", isBoolean, false),
    view: traits.bind<View>("view", isView, "matrix"),
    topK: traits.bind("top_k", isCount, 0),
    threshold: traits.bind("threshold", isNumber, 0),
    special: traits.bind("special", isBoolean, false),
    lockedLimit: traits.bind("limit", orNull(isNumber), null),
    pins: traits.bind("pins", listOf(isPin), []),
    themeChoice: traits.bind<ThemeChoice>("theme", oneOf("auto", "light", "dark"), "auto"),
  };
}

/** Return what the controls can offer. */
export function choicesOf(
  traits: Traits,
  frame: ReadonlySignal<Frame | null>,
  live: Choices["live"],
): Choices {
  const layers = traits.follow("layers", isCount, 0);
  return {
    layers: computed(() => layers.value || (frame.value?.settings.layers ?? 0)),
    layerList: traits.follow("_layers", orNull(listOf(isCount)), null),
    baselines: traits.follow("baselines", listOf(isString), []),
    steps: traits.follow("_steps", orNull(listOf(isCount)), null),
    live,
    units: computed(() => frame.value?.units.map(({ unit }) => unit) ?? []),
    similarities: computed(() => Object.keys(frame.value?.scales ?? {}) as Similarity[]),
  };
}
