import { computed, type ReadonlySignal, signal } from "@preact/signals";
import { palettes } from "./color";
import { difference } from "./difference";
import { asBytes, isBytes } from "./guard";
import { picture } from "./picture";
import { fits, sumOfBlock, sumPin } from "./pins";
import type { Pointer } from "./pointer";
import { limitOf } from "./range";
import { readout } from "./readout";
import type { Session } from "./session";
import type { Traits } from "./traits";
import type { Frame, Picture, Store, Theme } from "./types";
import { at } from "./units";
import type { ViewTraits } from "./view";

type Derived = Pick<
  Store,
  | "frame"
  | "other"
  | "picture"
  | "otherPicture"
  | "difference"
  | "limit"
  | "history"
  | "blockSum"
  | "pinSums"
  | "visible"
  | "readout"
  | "focused"
  | "tallest"
>;

/** Return what follows from the frames and from how they are looked at. */
export function derive(
  session: Session,
  view: ViewTraits,
  pointer: Pointer,
  comparing: ReadonlySignal<boolean>,
  focus: boolean,
): Derived {
  const frame = session.frames.main;
  const other = computed(() => (comparing.value ? session.frames.other.value : null));
  const shown = pictured(frame, view);
  const otherPicture = pictured(other, view);
  const beside = computed(() => (view.view.value === "compare" ? otherPicture.value : null));
  const { running } = session;
  const sums = summed(shown, view, pointer);
  return {
    frame,
    other,
    picture: shown,
    otherPicture,
    difference: computed(() =>
      shown.value && otherPicture.value ? difference(shown.value, otherPicture.value) : null,
    ),
    limit: limitOf({ main: shown, other: beside, running, ...view }),
    history: computed(() => frame.value?.history ?? []),
    visible: computed(() => filter(shown.value, view.topK.value, view.threshold.value)),
    focused: computed(() => focus && sums.pinSums.value.length > 0),
    tallest: signal(0),
    ...sums,
    readout: computed(() =>
      readout(shown.value, {
        hover: pointer.hover.value,
        cursor: pointer.cursor.value,
        block: pointer.block.value,
        blockSum: sums.blockSum.value,
        pinSums: sums.pinSums.value,
      }),
    ),
  };
}

/** Return the colours of the theme that is asked for or, on "auto", of the host's. */
export function themed(traits: Traits, view: ViewTraits, host: ReadonlySignal<Theme>) {
  const tables = traits.follow("_palette", isBytes, new Uint8Array());
  const both = computed(() => palettes(asBytes(tables.value)));
  const theme = computed(() => {
    const choice = view.themeChoice.value;
    return choice === "auto" ? host.value : choice;
  });
  return { theme, palette: computed(() => both.value[theme.value]) };
}

function pictured(
  frame: ReadonlySignal<Frame | null>,
  { unit, folded, similarity }: ViewTraits,
): ReadonlySignal<Picture | null> {
  return computed(() => {
    const options = { unit: unit.value, folded: folded.value, similarity: similarity.value };
    return frame.value && picture(frame.value, options);
  });
}

function summed(shown: ReadonlySignal<Picture | null>, view: ViewTraits, pointer: Pointer) {
  return {
    blockSum: computed(() => {
      const block = pointer.block.value;
      return block && shown.value && sumOfBlock(block, shown.value);
    }),
    pinSums: computed(() => {
      const now = shown.value;
      return now ? view.pins.value.filter((pin) => fits(pin, now)).map((p) => sumPin(p, now)) : [];
    }),
  };
}

function filter(shown: Picture | null, topK: number, threshold: number): (cell: number) => boolean {
  if (!shown) return () => false;
  return (cell) => {
    if (Math.abs(at(shown.values, cell)) < threshold) return false;
    if (topK === 0) return true;
    const rank = shown.rank(cell);
    return rank > 0 && rank <= topK;
  };
}
