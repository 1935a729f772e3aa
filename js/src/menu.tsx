import { useEffect, useRef, useState } from "preact/hooks";
import type { ExportFormat, Store } from "./types";

const NAMES: Record<ExportFormat, string> = {
  html: "Interactive page (HTML)",
  svg: "Picture (SVG)",
  pdf: "Picture (PDF)",
  png: "Picture (PNG)",
  tex: "Picture (LaTeX)",
  csv: "Table of pairs (CSV)",
  json: "All numbers (JSON)",
};

/** The formats that the view can be saved in. */
export function ExportMenu({ store }: { store: Store }) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (open) root.current?.querySelector<HTMLElement>("[role=menuitem]")?.focus();
  }, [open]);
  const formats = store.exports.value;
  if (formats.length === 0) return null;
  const close = () => {
    setOpen(false);
    root.current?.querySelector("button")?.focus();
  };
  return (
    <div
      class="sv-export"
      ref={root}
      onFocusOut={(event) => {
        if (!root.current?.contains(event.relatedTarget as Node | null)) setOpen(false);
      }}
    >
      <button
        type="button"
        class="sv-quietly"
        aria-haspopup="menu"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        Export ▾
      </button>
      {open && (
        <div
          class="sv-menu"
          role="menu"
          aria-label="Export"
          tabIndex={-1}
          onKeyDown={(event) => steer(event, close)}
        >
          {formats.map((format) => (
            <button
              key={format}
              type="button"
              role="menuitem"
              tabIndex={-1}
              onClick={() => {
                store.exportAs(format);
                close();
              }}
            >
              {NAMES[format]}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

function steer(event: KeyboardEvent, close: () => void): void {
  const menu = event.currentTarget as HTMLElement;
  const items = Array.from(menu.querySelectorAll<HTMLElement>("[role=menuitem]"));
  const place = items.indexOf(document.activeElement as HTMLElement);
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) items.at((place + step) % items.length)?.focus();
  if (event.key === "Home") items[0]?.focus();
  if (event.key === "End") items.at(-1)?.focus();
  if (event.key === "Escape") close();
  if (event.key === "Tab" || event.key === "Enter" || event.key === " ") return;
  event.preventDefault();
  event.stopPropagation();
}
