import { mount } from "../src/mount";
import { createStore } from "../src/state";
import { DevHost, other } from "./kernel";

const traits: Record<string, unknown> = {};
let name = "corpus";
for (const [key, value] of new URLSearchParams(location.search)) {
  if (key === "case") name = value;
  else traits[key] = parsed(value);
}
if (traits.compare) traits._other = other(traits.compare as Record<string, unknown>);
const host = new DevHost(traits, name);
const store = createStore(host);
document.body.dataset.theme = store.theme.value;
mount(store, document.querySelector("#root") as HTMLElement);
Object.assign(window, { siamviz: { store, host } });

function parsed(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
