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
      {text ? (
        emphasized(text)
      ) : (
        <span class="sv-hint">Hover a word or a cell; drag over cells to sum a block.</span>
      )}
    </p>
  );
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
