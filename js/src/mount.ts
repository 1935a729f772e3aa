import { effect } from "@preact/signals";
import { h, render } from "preact";
import { App } from "./app";
import type { Store } from "./types";

/** Show the store in a new element inside `parent`; return what takes it away again. */
export function mount(store: Store, parent: Element): () => void {
  const root = parent.ownerDocument.createElement("div");
  root.className = "siamviz";
  parent.replaceChildren(root);
  const stop = effect(() => {
    root.dataset.theme = store.theme.value;
    root.dataset.status = store.status.value.kind;
    root.dataset.job = String(store.job.value ?? "");
  });
  render(h(App, { store }), root);
  return () => {
    stop();
    render(null, root);
    root.remove();
  };
}
