import { useCalm } from "./calm";
import type { Store } from "./types";

/** How long the sentence stands while the pointer moves on, in milliseconds: it moves the page. */
const PAUSE = 50;

const PARTS = /^(.+): ([+−]?[\d.]+)(, .*)?\.$/s;

/** What is looked at, in a sentence that is also read out. */
export function Readout({ store }: { store: Store }) {
  const text = useCalm(store.readout, PAUSE);
  return (
    <p class="sv-readout" role="status">
      {text ? emphasized(text) : <span class="sv-hint">{hint()}</span>}
    </p>
  );
}

function hint(): string {
  const touch = matchMedia("(pointer: coarse)").matches;
  const drag = touch ? "hold, then drag" : "drag over cells";
  return `${touch ? "Touch" : "Hover"} a word or a cell; ${drag} to sum a block.`;
}

function emphasized(text: string) {
  const parts = PARTS.exec(text);
  if (!parts) return <bdi>{text}</bdi>;
  const [, name, value, rest = ""] = parts;
  return (
    <>
      <bdi>{name}</bdi>: <b>{value}</b>
      {rest}.
    </>
  );
}
