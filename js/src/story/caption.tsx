import { visible } from "../text";
import type { Span } from "./data";

/** A caption: text in styles, never markup. */
export function Caption({ spans }: { spans: Span[] }) {
  return <>{spans.map((span, index) => piece(span, index))}</>;
}

function piece({ text, strong, emphasis, href }: Span, key: number) {
  const shown = emphasis ? <em>{visible(text)}</em> : visible(text);
  const weighed = strong ? <strong>{shown}</strong> : shown;
  if (!href) return <span key={key}>{weighed}</span>;
  return (
    <a key={key} href={href} target="_blank" rel="noopener noreferrer">
      {weighed}
    </a>
  );
}

/** What a caption says, without its styles. */
export function plain(spans: Span[]): string {
  return spans.map(({ text }) => text).join("");
}
