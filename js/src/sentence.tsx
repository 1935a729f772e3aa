import type { ComponentChild } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Editor } from "./editor";
import { Pencil } from "./icons";
import { pinMode } from "./keys";
import { look, tokenPlace, wording } from "./lit";
import { NOWHERE } from "./pointer";
import { label, visible } from "./text";
import { TokenBrush } from "./tokenbrush";
import type { Picture, Side, Store, Token } from "./types";

/** One of the two texts, coloured by what its tokens do with what is looked at in the other. */
export function Sentence({ store, side }: { store: Store; side: Side }) {
  const [editing, setEditing] = useState(false);
  const picture = store.picture.value;
  const live = store.choices.live.value;
  const name = side.toUpperCase();
  const edit = () => live && setEditing(true);
  return (
    <div class="sv-sentence">
      <span class="sv-side">{name}</span>
      {editing ? (
        <Editor store={store} side={side} close={() => setEditing(false)} />
      ) : (
        <>
          {picture && <Tokens store={store} side={side} picture={picture} edit={edit} />}
          {live && (
            <button type="button" class="sv-icon" aria-label={`Edit text ${name}`} onClick={edit}>
              <Pencil />
            </button>
          )}
        </>
      )}
    </div>
  );
}

interface TokensProps {
  store: Store;
  side: Side;
  picture: Picture;
  edit(): void;
}

function Tokens({ store, side, picture, edit }: TokensProps) {
  const root = useRef<HTMLDivElement>(null);
  const ofA = side === "a";
  const tokens = ofA ? picture.rows : picture.columns;
  const text = ofA ? picture.frame.textA : picture.frame.textB;
  useLayoutEffect(() => {
    if (!root.current) return;
    const brush = new TokenBrush(root.current, store, side, picture);
    return () => brush.dispose();
  }, [picture, side, store]);
  const hover = (event: PointerEvent) => look(store, tokenPlace(side, tokenUnder(event)));
  const pick = (event: MouseEvent) => {
    const index = tokenUnder(event);
    if (index !== null) store.pinToken(side, index, pinMode(event));
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the matrix has the same by keyboard
    <div
      role="region"
      class="sv-tokens"
      ref={root}
      aria-label={`Text ${side.toUpperCase()}`}
      dir={ofA ? picture.frame.directionA : picture.frame.directionB}
      onPointerMove={hover}
      onPointerLeave={() => look(store, NOWHERE)}
      onClick={pick}
      onDblClick={edit}
    >
      {woven(tokens, text)}
    </div>
  );
}

/** The tokens with the text between them. */
function woven(tokens: Token[], text: string): ComponentChild[] {
  const pieces: ComponentChild[] = [];
  let end = -1;
  tokens.forEach((token, index) => {
    const tight = token.start === end;
    const gap =
      token.start !== null && token.start > end ? text.slice(Math.max(end, 0), token.start) : "";
    if (gap) pieces.push(visible(gap));
    else if (token.role !== "text" || tokens[index - 1]?.role === "special") pieces.push(" ");
    pieces.push(
      <span
        key={index}
        data-token={index}
        class={`sv-token ${token.role === "text" ? "" : "sv-special"} ${tight ? "sv-tight" : ""}`}
      >
        {label(wording(token, text))}
      </span>,
    );
    end = Math.max(end, token.end ?? end);
  });
  if (end > 0 && end < text.length) pieces.push(visible(text.slice(end)));
  return pieces;
}

function tokenUnder(event: Event): number | null {
  const span = (event.target as Element).closest<HTMLElement>("[data-token]");
  return span ? Number(span.dataset.token) : null;
}
