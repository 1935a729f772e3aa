import { batch } from "@preact/signals";
import { nextByRank, step } from "./navigation";
import { addPin, blockPin, cellPin, extendPin, fits, tokenPin } from "./pins";
import { NOWHERE, type Pointer } from "./pointer";
import type { Cell, Picture, Pin, PinMode, Store } from "./types";
import type { ViewTraits } from "./view";

type Actions = Pick<
  Store,
  "pinCell" | "pinToken" | "pinBlock" | "unpin" | "clear" | "move" | "nextStrongest" | "cycleUnit"
>;

/** Return what a user does with a picture; nothing of it needs the model. */
export function actionsOn(
  { picture, pinSums, visible }: Pick<Store, "picture" | "pinSums" | "visible">,
  view: ViewTraits,
  { block, cursor, hover }: Pointer,
): Actions {
  /** What was used last counts: the keyboard takes over from a resting mouse. */
  const go = (cell: Cell | null) =>
    batch(() => {
      cursor.value = cell;
      hover.value = NOWHERE;
    });
  const pin = (make: (shown: Picture) => Pin, mode: PinMode) => {
    const shown = picture.value;
    const made = shown && make(shown);
    if (!made || !fits(made, shown)) return;
    const pins = view.pins.peek();
    view.pins.value = mode === "extend" ? extendPin(pins, made, shown) : addPin(pins, made, mode);
  };
  return {
    pinCell: (cell, mode) => pin((shown) => cellPin(cell, shown), mode),
    pinToken: (side, index, mode) => pin((shown) => tokenPin(side, index, shown), mode),
    pinBlock: (dragged) => pin((shown) => blockPin(dragged, shown), "add"),
    unpin(index) {
      const gone = pinSums.value[index]?.pin;
      view.pins.value = view.pins.peek().filter((each) => each !== gone);
    },
    clear() {
      batch(() => {
        view.pins.value = [];
        block.value = null;
        cursor.value = null;
      });
    },
    move(rows, columns) {
      if (!picture.value) return;
      go(step(picture.value, cursor.peek(), rows, columns, view.special.peek()));
    },
    nextStrongest(direction) {
      if (!picture.value) return;
      go(nextByRank(picture.value, cursor.peek(), direction, visible.value));
    },
    cycleUnit() {
      const units = picture.value?.frame.units.map(({ unit }) => unit) ?? [];
      const place = units.indexOf(picture.value?.unit ?? "token");
      view.unit.value = units[(place + 1) % units.length] ?? view.unit.peek();
    },
  };
}
