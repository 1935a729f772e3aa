import { Alert, Filters, Header, Slices } from "./filters";
import { League } from "./league";
import { List, ListHead, Marks } from "./list";
import { Plots } from "./plots";
import type { Store } from "./store";

const STEPS: Record<string, number> = { j: 1, k: -1, ArrowDown: 1, ArrowUp: -1 };
const PAGE = 8;

/** One part of the explorer: the board with plots and tables, or the list of pairs. */
export function App({ store }: { store: Store }) {
  const board = store.part === "board";
  return (
    <div
      role="region"
      class={`sv-card sx-${store.part}`}
      dir="ltr"
      data-lm-suppress-shortcuts="true"
      aria-label={board ? "Errors of a run" : "Pairs under study"}
      tabIndex={-1}
      onKeyDown={(event) => shortcut(event, store)}
    >
      {board ? <Board store={store} /> : <Pairs store={store} />}
    </div>
  );
}

function Board({ store }: { store: Store }) {
  return (
    <>
      <Header store={store} />
      <Alert store={store} />
      <Slices store={store} />
      <Filters store={store} />
      <div class="sx-body">
        <Plots store={store} />
        <League store={store} />
      </div>
    </>
  );
}

function Pairs({ store }: { store: Store }) {
  return (
    <>
      <ListHead store={store} />
      <Alert store={store} />
      <List store={store} />
      <Marks store={store} />
    </>
  );
}

/** j and k step through the pairs, s stars, t tags, Enter goes to the picture, / searches. */
function shortcut(event: KeyboardEvent, store: Store): void {
  event.stopPropagation();
  const target = event.target;
  if (!(target instanceof HTMLElement) || event.ctrlKey || event.metaKey || event.altKey) return;
  const card = target.closest<HTMLElement>(".sv-card");
  if (target.closest("input:not([type=radio]), select, textarea")) {
    if (event.key === "Escape") card?.focus({ preventScroll: true });
    return;
  }
  if (!card || !act(event.key, store, card, target)) return;
  event.preventDefault();
}

function act(key: string, store: Store, card: HTMLElement, target: HTMLElement): boolean {
  const step = STEPS[key];
  const inList = target.closest(".sx-lines") !== null;
  if (step && (key.length === 1 || inList || target === card)) store.ask("step", { by: step });
  else if (inList && key === "PageDown") store.ask("step", { by: PAGE });
  else if (inList && key === "PageUp") store.ask("step", { by: -PAGE });
  else if (inList && (key === "Home" || key === "End"))
    store.ask("open", { place: key === "Home" ? 0 : -1 });
  else if (key === "s") store.ask("star", {});
  else if (key === "t") return focus(card, ".sx-tagging input");
  else if (key === "/") return focus(card, ".sx-list-head input, .sx-league input");
  else if (key === "Enter" && (inList || target === card)) return toPicture(card);
  else return false;
  return true;
}

function focus(card: HTMLElement, selector: string): boolean {
  const field = card.querySelector<HTMLInputElement>(selector);
  field?.focus();
  return field !== null;
}

/** Move the focus to the pair view beside the list. */
function toPicture(card: HTMLElement): boolean {
  const around = card.closest(".siamviz-explorer");
  const picture = around?.querySelector<HTMLElement>(".siamviz-picture .sv-card");
  picture?.focus();
  return Boolean(picture);
}
