import { useSignal } from "@preact/signals";
import { Fragment } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Host } from "../host";
import { MemoryHost } from "../memory";
import { mount } from "../mount";
import { createStore } from "../state";
import { Caption } from "./caption";
import type { Slide } from "./data";
import type { Talk } from "./deck";
import { keepFitting } from "./fitting";
import { HELP } from "./keys";
import { openNotes } from "./speaker";

/** What a click leaves the focus to; all else gives it back, so that keys change slides. */
const KEEPS_FOCUS =
  "input:not([type=radio], [type=checkbox]), select, textarea, button:not(.st-bar *, .st-keys *, .st-blank)";

interface StageProps {
  talk: Talk;
  palette: Uint8Array;
  /** The model of a view that computes a slide, if there is one. */
  live(place: number): Promise<Host> | null;
  leave?: (() => void) | undefined;
}

/** One slide at a time. */
export function Stage({ talk, palette, live, leave }: StageProps) {
  const root = useRef<HTMLDivElement>(null);
  const trouble = useSignal("");
  const notes = useRef<(() => void) | null>(null);
  useEffect(() => {
    // In a frame, the keys belong to the presentation around it.
    if (window.parent === window) root.current?.focus({ preventScroll: true });
    return () => notes.current?.();
  }, []);
  const commands: Record<string, () => void> = {
    f: () => toggleFullScreen(root.current, trouble),
    s: () => {
      notes.current?.();
      notes.current = openNotes(talk);
      trouble.value = notes.current ? "" : "The browser does not allow a second window here.";
    },
    Escape: () => {
      if (talk.helping.value) talk.helping.value = false;
      else if (!document.fullscreenElement) leave?.();
    },
  };
  const press = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isBusy(event)) return;
    const command = commands[event.key];
    if (command) command();
    else if (!talk.press(event.key)) return;
    if (event.key === "Escape" && !leave) return;
    event.preventDefault();
    event.stopPropagation();
  };
  const slide = talk.slide.value;
  const had = useRef(false);
  useLayoutEffect(() => {
    const active = document.activeElement;
    const lost = !active || active === document.body || active.matches(":disabled");
    if (had.current && lost) root.current?.focus({ preventScroll: true });
  }, [slide, talk.blank.value, talk.helping.value]);
  return (
    <div
      class={`st-stage ${talk.controls.value ? "" : "st-bare"}`}
      ref={root}
      tabIndex={-1}
      data-lm-suppress-shortcuts="true"
      data-place={talk.here}
      onKeyDownCapture={press}
      onFocusIn={() => {
        had.current = true;
      }}
      onFocusOut={(event) => {
        // What is taken away while it has the focus says so without saying what gets it.
        const next = event.relatedTarget as Node | null;
        had.current = !next || root.current?.contains(next) === true;
      }}
      onPointerUp={(event) => {
        if (!(event.target as Element).closest(KEEPS_FOCUS))
          setTimeout(() => root.current?.focus({ preventScroll: true }));
      }}
    >
      {slide ? (
        <>
          <h2 class="st-caption">
            <span>
              {slide.caption.length > 0 ? <Caption spans={slide.caption} /> : talk.deck.value.title}
            </span>
          </h2>
          <Shown
            key={`${slide.key} ${slide.state.limit}`}
            talk={talk}
            slide={slide}
            palette={palette}
            live={live}
          />
        </>
      ) : (
        <p class="st-empty">This story has no slides yet.</p>
      )}
      <Bar talk={talk} commands={commands} leave={leave} trouble={trouble.value} />
      {talk.blank.value && (
        <button
          type="button"
          class="st-blank"
          aria-label="The screen is blank; show the slide"
          onClick={() => talk.press("b")}
        />
      )}
      {talk.helping.value && <Keys close={() => talk.press("?")} />}
    </div>
  );
}

/** The view of a slide, as large as the stage allows. */
function Shown({
  talk,
  slide,
  palette,
  live,
}: Pick<StageProps, "talk" | "palette" | "live"> & { slide: Slide }) {
  const holder = useRef<HTMLDivElement>(null);
  const place = talk.here;
  useLayoutEffect(() => {
    const parent = holder.current;
    if (!parent) return;
    let stop = () => {};
    let gone = false;
    const show = (host: Host) => {
      if (gone) return;
      const store = createStore(host);
      const unmount = mount(store, parent);
      talk.cycleUnit = store.cycleUnit;
      const unfit = keepFitting(parent, store, talk.size, talk.controls);
      stop = () => {
        unfit();
        unmount();
        store.dispose();
        talk.cycleUnit = () => {};
      };
    };
    const computing = live(place);
    const still = () => show(captured(slide, palette));
    if (computing) computing.then(show, still);
    else still();
    return () => {
      gone = true;
      stop();
    };
  }, []);
  return <div class="st-view" ref={holder} />;
}

/** A model without a kernel that holds what a slide captured. */
export function captured(slide: Slide, palette: Uint8Array): MemoryHost {
  const traits = { ...slide.state, live: false, _focus: true, _palette: palette };
  return new MemoryHost(traits, [slide.frame]);
}

interface BarProps {
  talk: Talk;
  commands: Record<string, () => void>;
  leave: (() => void) | undefined;
  trouble: string;
}

function Bar({ talk, commands, leave, trouble }: BarProps) {
  const button = (name: string, shown: string, act: () => void, disabled = false) => (
    <button type="button" aria-label={name} title={name} disabled={disabled} onClick={act}>
      {shown}
    </button>
  );
  const last = talk.count - 1;
  return (
    <div class="st-bar">
      <span class="st-title">{trouble || talk.deck.value.title}</span>
      <div role="group" aria-label="Talk">
        {leave && button("Back to the list of slides", "☰", leave)}
        {button("A− smaller", "A−", () => talk.resize(-1))}
        {button("A+ larger", "A+", () => talk.resize(1))}
        {button("Notes in a second window (s)", "Notes", () => commands.s?.())}
        {button("Full screen (f)", "Full screen", () => commands.f?.())}
        {button("Keys (?)", "?", () => talk.press("?"))}
        {button("Previous slide (←)", "‹", () => talk.step(-1), talk.here === 0)}
        <span class="st-number" role="status">
          {Math.min(talk.here + 1, talk.count)} / {talk.count}
        </span>
        {button("Next slide (→)", "›", () => talk.step(1), talk.here >= last)}
      </div>
    </div>
  );
}

function Keys({ close }: { close(): void }) {
  return (
    <div class="st-keys" role="dialog" aria-label="Keys">
      <dl>
        {HELP.map(([keys, what]) => (
          <Fragment key={keys}>
            <dt>{keys}</dt>
            <dd>{what}</dd>
          </Fragment>
        ))}
      </dl>
      <button type="button" onClick={close}>
        Close
      </button>
    </div>
  );
}

/** Whether a key belongs to what has the focus: a field, or the matrix reached by Tab. */
function isBusy(event: KeyboardEvent): boolean {
  const target = event.target as Element;
  if (target.closest("input:not([type=radio], [type=checkbox]), textarea, select")) return true;
  if (event.key === " " && target.closest("button, a, input")) return true;
  const moves = /^(Arrow|Home|End|Page|Escape|\+|-|=|0)/.test(event.key);
  return moves && target.closest("[role=application], [role=menu], [type=radio]") !== null;
}

function toggleFullScreen(stage: HTMLElement | null, trouble: { value: string }): void {
  trouble.value = "";
  if (document.fullscreenElement) document.exitFullscreen();
  else
    stage?.requestFullscreen().catch(() => {
      trouble.value = "The browser does not allow full screen here.";
    });
}
