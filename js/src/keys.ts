import type { PinMode, Store } from "./types";

/** What a reader of the screen is told about the keys. */
export const KEYS_HINT =
  "Arrow keys move, n and p go by strength, Enter pins, question mark lists the keys.";

const STEPS: Record<string, [number, number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** Keep the keys within the view when what has the focus goes away. */
export function stay(event: Event): void {
  (event.target as Element).closest<HTMLElement>(".sv-card")?.focus({ preventScroll: true });
}

/** How a click or key with modifiers pins. */
export function pinMode(event: MouseEvent | KeyboardEvent): PinMode {
  if (event.shiftKey) return "extend";
  return event.ctrlKey || event.metaKey ? "add" : "set";
}

/** Move the cursor or pin its pair, if the key asks for that. */
export function steer(store: Store, event: KeyboardEvent): void {
  const step = STEPS[event.key];
  if (step) store.move(...step);
  else if (event.ctrlKey && event.key !== "Enter") return;
  else if (event.key === "n") store.nextStrongest(1);
  else if (event.key === "p") store.nextStrongest(-1);
  else if (event.key === "Enter" && store.cursor.value)
    store.pinCell(store.cursor.value, pinMode(event));
  else return;
  event.preventDefault();
}
