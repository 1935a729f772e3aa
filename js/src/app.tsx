import { useSignal } from "@preact/signals";
import { useCallback } from "preact/hooks";
import { CompareView } from "./compare";
import { Header, Looks } from "./controls";
import { Footer } from "./footer";
import { Help } from "./help";
import { stay } from "./keys";
import { LedgerLine, Notices } from "./ledger";
import { Links } from "./links";
import { MatrixView } from "./matrixview";
import { PairsTable, TopPairs } from "./pairs";
import { Readout } from "./readline";
import { Selection } from "./selection";
import { Sentence } from "./sentence";
import type { Picture, Store } from "./types";

const CROWDED = 26;

/** The whole view, without a <section>: reveal.js takes every one in a slide for a slide. */
export function App({ store }: { store: Store }) {
  const helping = useSignal(false);
  const key = useCallback((event: KeyboardEvent) => shortcut(event, store, helping), [store]);
  return (
    <div
      role="region"
      class={store.focused.value ? "sv-card sv-focus" : "sv-card"}
      dir="ltr"
      data-lm-suppress-shortcuts="true"
      aria-label="Why two texts are similar"
      tabIndex={-1}
      onKeyDown={key}
    >
      <Header store={store} />
      <LedgerLine store={store} />
      <Notices store={store} />
      <div class="sv-sentences">
        <Sentence store={store} side="a" />
        <Sentence store={store} side="b" />
        <div class="sv-between">
          <Readout store={store} />
          <Looks store={store} />
        </div>
      </div>
      <Body store={store} />
      <Footer
        store={store}
        help={() => {
          helping.value = true;
        }}
      />
      {helping.value && (
        <Help
          close={() => {
            helping.value = false;
          }}
        />
      )}
    </div>
  );
}

function shortcut(event: KeyboardEvent, store: Store, helping: { value: boolean }): void {
  event.stopPropagation();
  if (helping.value || !(event.target instanceof Element)) return;
  if (
    event.target.closest("input:not([type=range], [type=radio], [type=checkbox]), textarea, select")
  )
    return;
  if (event.key === "?") helping.value = true;
  else if (event.key === "u" && !event.ctrlKey && !event.metaKey) store.cycleUnit();
  else if (event.key === "Escape") {
    if (event.target.closest(".sv-selection")) stay(event);
    store.clear();
  } else return;
  event.preventDefault();
}

function Body({ store }: { store: Store }) {
  const picture = store.picture.value;
  if (!picture) return <p class="sv-empty">{emptiness(store)}</p>;
  const view = store.view.value;
  const crowded = Math.max(picture.rows.length, picture.columns.length) > CROWDED;
  const kind = view === "compare" || view === "pairs" ? "sv-whole" : crowded ? "sv-crowded" : "";
  return (
    <div class={`sv-body ${kind} ${store.stale.value ? "sv-old" : ""}`}>
      <div class="sv-main">
        <Main store={store} picture={picture} />
      </div>
      {view !== "compare" && (
        <div class="sv-aside">
          <Selection store={store} />
          {view !== "pairs" && <TopPairs store={store} picture={picture} />}
        </div>
      )}
    </div>
  );
}

function Main({ store, picture }: { store: Store; picture: Picture }) {
  switch (store.view.value) {
    case "links":
      return <Links store={store} picture={picture} />;
    case "pairs":
      return <PairsTable store={store} picture={picture} />;
    case "compare":
      return <CompareView store={store} picture={picture} />;
    default:
      return <MatrixView store={store} picture={picture} />;
  }
}

function emptiness(store: Store): string {
  const status = store.status.value;
  return status.kind === "running"
    ? "The first picture is on its way."
    : "There is nothing to show yet.";
}
