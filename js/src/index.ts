import type { Host } from "./host";
import { mount } from "./mount";
import { start } from "./standalone";
import { createStore } from "./state";
import type { Store } from "./types";

/** The widget: one store a model, shared by the views that show it. */
export default function widget() {
  let store: Store | null = null;
  return {
    initialize({ model }: { model: Host }) {
      const made = createStore(model);
      store = made;
      return () => made.dispose();
    },
    render({ model, el }: { model: Host; el: HTMLElement }) {
      store ??= createStore(model);
      return mount(store, el);
    },
  };
}

if (document.documentElement.hasAttribute("data-siamviz-page")) start(document);
