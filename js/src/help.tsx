import { useLayoutEffect, useRef } from "preact/hooks";

const KEYS: [string, string][] = [
  ["← ↑ → ↓", "move from cell to cell"],
  ["n  p", "next and previous strongest pair"],
  ["Enter", "pin the pair; with Shift extend, with Ctrl or ⌘ add"],
  ["u", "next unit: token, word, sentence"],
  ["+  −", "zoom into a large matrix"],
  ["Esc", "clear pins and marks"],
  ["?", "this sheet"],
];

const POINTER: [string, string][] = [
  ["Hover a word", "the other text shows its effects with it"],
  ["Hover a cell", "both words, the effect, its share and rank"],
  ["Click", "pin; again to unpin"],
  ["Shift-click", "extend the last pin to a span"],
  ["Ctrl- or ⌘-click", "pin one more"],
  ["Drag over cells", "the exact sum of the block"],
  ["Hold, then drag", "the same by touch"],
  ["Double-click a text", "edit it; Enter applies, Esc reverts"],
];

/** The sheet of keys and gestures, and how to read the picture. */
export function Help({ close }: { close(): void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it
    <dialog
      class="sv-help"
      ref={dialog}
      aria-label="Keys and gestures"
      onClose={close}
      onClick={(event) => event.target === dialog.current && close()}
    >
      <div class="sv-sheet">
        <div>
          <h2>Keys, in the matrix</h2>
          <Rows rows={KEYS} keys />
        </div>
        <div>
          <h2>Pointer</h2>
          <Rows rows={POINTER} />
        </div>
        <div class="sv-reading">
          <h2>How to read it</h2>
          <p>
            Every cell is what one token of A and one of B together do to the score: blue raises it,
            orange lowers it. The line at the top always adds up; its residual is the numerical
            error. Hatched cells lie within their error of zero. Thin bars in the margins are
            effects against the other text’s reference.
          </p>
        </div>
        <button type="button" class="sv-button" onClick={close}>
          Close
        </button>
      </div>
    </dialog>
  );
}

function Rows({ rows, keys = false }: { rows: [string, string][]; keys?: boolean }) {
  return (
    <dl>
      {rows.map(([what, effect]) => (
        <div key={what}>
          <dt>{keys ? what.split("  ").map((key) => <kbd key={key}>{key}</kbd>) : what}</dt>
          <dd>{effect}</dd>
        </div>
      ))}
    </dl>
  );
}
