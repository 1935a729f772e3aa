import { effect } from "@preact/signals";
import { render } from "preact";
import { visible } from "../text";
import { Caption, plain } from "./caption";
import type { Talk } from "./deck";

const TICK = 1000;

/** Open a second window with the notes; return what closes it, or null if that is not allowed. */
export function openNotes(talk: Talk): (() => void) | null {
  const other = window.open("", "siamviz-notes", "popup,width=760,height=600");
  if (!other) return null;
  const page = other.document;
  page.title = "Notes";
  page.documentElement.lang = "en";
  Object.assign(page.body.style, {
    margin: "0",
    background: "#15171b",
    color: "#eceff3",
    font: "20px/1.5 system-ui, sans-serif",
  });
  const root = page.createElement("main");
  page.body.replaceChildren(root);
  const began = Date.now();
  const draw = () => render(<Notes talk={talk} began={began} />, root);
  const stop = effect(() => {
    talk.slide.value;
    talk.place.value;
    draw();
  });
  const timer = setInterval(draw, TICK);
  const press = (event: KeyboardEvent) => {
    if (!event.ctrlKey && !event.metaKey && talk.press(event.key)) event.preventDefault();
  };
  page.addEventListener("keydown", press);
  const close = () => {
    clearInterval(timer);
    stop();
    page.removeEventListener("keydown", press);
    window.removeEventListener("pagehide", close);
    other.close();
  };
  window.addEventListener("pagehide", close);
  return close;
}

function Notes({ talk, began }: { talk: Talk; began: number }) {
  const { slides } = talk.deck.value;
  const slide = talk.slide.value;
  const next = slides[talk.here + 1];
  const seconds = Math.floor((Date.now() - began) / 1000);
  const quiet = { color: "#a0a8b3", fontSize: "17px", margin: "0 0 6px" };
  return (
    <div style={{ padding: "24px 28px" }}>
      <p style={{ ...quiet, display: "flex", justifyContent: "space-between" }}>
        <span>
          Slide {talk.here + 1} of {slides.length}
        </span>
        <time>
          {Math.floor(seconds / 60)}:{String(seconds % 60).padStart(2, "0")}
        </time>
      </p>
      <h1 style={{ fontSize: "25px", margin: "0 0 16px" }}>
        {slide && slide.caption.length > 0 ? <Caption spans={slide.caption} /> : slide?.name}
      </h1>
      <p data-notes style={{ whiteSpace: "pre-line", fontSize: "23px", minHeight: "8em" }}>
        {visible(slide?.notes ?? "") || <span style={quiet}>No notes.</span>}
      </p>
      <p style={quiet}>{next ? `Next: ${plain(next.caption) || next.name}` : "The last slide."}</p>
    </div>
  );
}
