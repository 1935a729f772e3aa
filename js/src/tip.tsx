import type { ComponentChildren } from "preact";

/** Where the pointer is in a figure, in pixels. */
export interface Spot {
  left: number;
  top: number;
  /** Whether there is more room above. */
  low: boolean;
}

/** What is under the pointer, beside it and inside the figure. */
export function Tip({ left, top, low, children }: Spot & { children: ComponentChildren }) {
  const across = { "--left": `${left}px` };
  const down = low ? { bottom: `calc(100% - ${top - GAP}px)` } : { top: `${top + GAP}px` };
  return (
    <div class="sv-tip" style={{ ...across, ...down }}>
      {children}
    </div>
  );
}

const GAP = 14;
