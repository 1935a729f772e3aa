import { effect } from "@preact/signals";
import { h, render } from "preact";
import type { Host } from "../host";
import { App } from "./app";
import { Store } from "./store";

/** The widget: one store a model, shared by the views that show it. */
export default function widget() {
  let store: Store | null = null;
  return {
    initialize({ model }: { model: Host }) {
      const made = new Store(model);
      store = made;
      return () => made.dispose();
    },
    render({ model, el }: { model: Host; el: HTMLElement }) {
      store ??= new Store(model);
      return mount(store, el);
    },
  };
}

function mount(store: Store, parent: HTMLElement): () => void {
  const root = parent.ownerDocument.createElement("div");
  root.className = "siamviz";
  parent.replaceChildren(root);
  const stop = effect(() => {
    root.dataset.theme = store.theme.value;
    root.dataset.version = String(store.selected.value?.version ?? "");
  });
  render(h(App, { store }), root);
  return () => {
    stop();
    render(null, root);
    root.remove();
  };
}
