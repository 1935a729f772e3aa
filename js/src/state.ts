import { batch, computed, signal } from "@preact/signals";
import { actionsOn } from "./actions";
import { derive, themed } from "./derived";
import { download } from "./download";
import { isBoolean, isBytes, isString } from "./guard";
import type { Host } from "./host";
import { keepPlace, pointerSignals } from "./pointer";
import { Session, STORED } from "./session";
import { SettingSignals } from "./settings";
import { watchTheme } from "./theme";
import { Traits } from "./traits";
import type { ExportFormat, Settings, Store } from "./types";
import { choicesOf, viewTraits } from "./view";

/** How long to wait for the next change of a setting before asking for it, in milliseconds. */
export const PAUSE = 150;

/** The same for typed text. */
export const TYPING_PAUSE = 400;

/** How long it is said what became of a slide, in milliseconds. */
const TOLD = 5000;

const FORMATS: ExportFormat[] = ["html", "svg", "pdf", "png", "tex", "csv", "json"];

/** What a page makes itself. */
const PAGE_FORMATS: ExportFormat[] = ["csv", "json"];

/** Return the store of one model, shared by all its views. */
export function createStore(host: Host): Store {
  const traits = new Traits(host);
  const hostTheme = watchTheme();
  const settings = new SettingSignals(traits);
  const { compare } = settings.signals;
  const comparing = computed(() => compare.value !== null);
  const live = traits.follow("live", isBoolean, false);
  const page = traits.get("_page", isBoolean, false);
  const session = new Session(host, {
    live,
    comparing: page ? signal(false) : comparing,
    save: download,
  });
  const view = viewTraits(traits);
  const pointer = pointerSignals();
  const derived = derive(session, view, pointer, comparing, traits.get("_focus", isBoolean, false));
  const stop = keepPlace(derived.picture, pointer, view.pins, session.awaited);
  const changes = changer(session, settings, page);
  connect(traits, session, live.peek());
  return {
    modelName: traits.follow("model_name", isString, ""),
    settings: settings.signals,
    choices: choicesOf(traits, derived.frame, live),
    status: session.status,
    stale: session.stale,
    job: session.painted,
    exports: signal(page ? PAGE_FORMATS : FORMATS),
    ...view,
    ...pointer,
    ...derived,
    ...themed(traits, view, hostTheme.theme),
    ...actionsOn(derived, view, pointer),
    ...changes,
    exportAs: (format) => session.exportAs(format),
    tells: !page,
    ...capturing(session),
    dispose() {
      changes.drop();
      stop();
      hostTheme.stop();
      session.dispose();
      traits.dispose();
    },
  };
}

/** How slides are made, and for a while what became of it. */
function capturing(session: Session) {
  const captured = signal("");
  let timer: ReturnType<typeof setTimeout> | undefined;
  return {
    captured,
    capture() {
      session.capture((told) => {
        clearTimeout(timer);
        captured.value = told;
        timer = setTimeout(() => {
          captured.value = "";
        }, TOLD);
      });
    },
  };
}

/** What the user changes is asked for after a pause; a page, which has its answers, needs none. */
function changer(session: Session, settings: SettingSignals, page: boolean) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const drop = () => clearTimeout(timer);
  const send = () => session.compute(settings.chosen(), (accepted) => settings.decide(accepted));
  return {
    drop,
    change(changed: Partial<Settings>) {
      if (!batch(() => settings.choose(changed))) return;
      drop();
      if (page) {
        send();
        return;
      }
      session.prepare();
      timer = setTimeout(send, "textA" in changed || "textB" in changed ? TYPING_PAUSE : PAUSE);
    },
    cancel() {
      drop();
      session.cancel();
    },
  };
}

function connect(traits: Traits, session: Session, live: boolean): void {
  for (const slot of ["main", "other"] as const) {
    session.adopt(slot);
    traits.watch(STORED[slot], isBytes, () => session.adopt(slot));
  }
  traits.listen("change:_stale", () => session.recall());
  traits.listen("msg:custom", (content: unknown, buffers: unknown) =>
    session.receive(content, Array.isArray(buffers) ? buffers : []),
  );
  if (!live) return;
  traits.listen("comm_live_update", () => session.hello());
  session.hello();
}
