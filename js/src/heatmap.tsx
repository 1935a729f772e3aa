import { effect, type ReadonlySignal } from "@preact/signals";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { pinMode } from "./keys";
import { NOWHERE } from "./pointer";
import type { Marks } from "./scene";
import { type HeatData, type Parts, Surface } from "./surface";
import type { Block, Hover, PinMode } from "./types";

/** What a heat map reports. */
export interface HeatEvents {
  hover(place: Hover): void;
  pick(place: Hover, mode: PinMode): void;
  /** While a rectangle is dragged, and null when that ends without one. */
  drag?(block: Block | null): void;
  drop?(block: Block): void;
  key?(event: KeyboardEvent): void;
}

interface HeatmapProps {
  data: HeatData;
  marks: ReadonlySignal<Marks>;
  name: string;
  /** The most that all cells may take down, and each of them. */
  height: number;
  cell: number;
  events: HeatEvents;
}

const LARGEST_ZOOM = 32;
/** How long a finger rests before it marks cells, in milliseconds, and how far it may stray. */
const HOLD = 400;
const STRAY = 10;
const ZOOM_KEYS: Record<string, number> = { "+": 2, "=": 2, "-": 0.5, "0": 1 / LARGEST_ZOOM };

/** A matrix in colours with its headings and margins; one tab stop. */
export function Heatmap({ data, marks, name, height, cell, events }: HeatmapProps) {
  const root = useRef<HTMLDivElement>(null);
  const surface = useRef<Surface | null>(null);
  const [width, setWidth] = useState(0);
  const [zoom, setZoom] = useState(1);
  const [crowded, setCrowded] = useState(false);
  const latest = useRef(events);
  latest.current = events;
  const [{ keepStill, ...handlers }] = useState(() => pointing(surface, latest));

  useLayoutEffect(() => {
    const holder = root.current?.parentElement;
    if (!root.current || !holder) return;
    surface.current = new Surface(partsOf(root.current));
    setWidth(holder.clientWidth);
    const observer = new ResizeObserver(() => setWidth(holder.clientWidth));
    observer.observe(holder);
    root.current.addEventListener("touchmove", keepStill, { passive: false });
    return () => {
      observer.disconnect();
      handlers.onPointerCancel();
    };
  }, []);

  const ratio = usePixelRatio();
  useLayoutEffect(() => {
    if (!surface.current || width === 0) return;
    setCrowded(surface.current.show(data, { width, height, cell, zoom }).crowded);
    surface.current.mark(marks.peek());
  }, [data, width, height, cell, zoom, ratio]);

  useLayoutEffect(
    () =>
      effect(() => {
        const marked = marks.value;
        surface.current?.mark(marked);
        if (marked.keyboard && marked.row !== null && marked.column !== null) {
          surface.current?.reveal(marked.row, marked.column);
        }
      }),
    [marks],
  );

  const change = (factor: number) => setZoom(Math.min(LARGEST_ZOOM, Math.max(1, zoom * factor)));
  return (
    <div class="sv-holder">
      <div
        class="sv-map"
        ref={root}
        role="application"
        aria-roledescription="matrix"
        aria-label={name}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys move through the cells
        tabIndex={0}
        onKeyDown={(event) => {
          const factor = ZOOM_KEYS[event.key];
          if (factor && crowded) change(factor);
          events.key?.(event);
        }}
        {...handlers}
      >
        <canvas />
        <div class="sv-scroller" tabIndex={-1} onScroll={() => follow(surface.current, marks)}>
          <div />
        </div>
        <canvas class="sv-over" />
        <div class="sv-rows" aria-hidden="true" />
        <div class="sv-columns" aria-hidden="true" />
      </div>
      {crowded && (
        <div class="sv-zoom">
          <button
            type="button"
            aria-label="Zoom out"
            disabled={zoom === 1}
            onClick={() => change(0.5)}
          >
            −
          </button>
          <button type="button" aria-label="Zoom in" onClick={() => change(2)}>
            +
          </button>
        </div>
      )}
    </div>
  );
}

function follow(surface: Surface | null, marks: ReadonlySignal<Marks>): void {
  surface?.scroll();
  surface?.mark(marks.peek());
}

function partsOf(root: HTMLElement): Parts {
  const [base, scroller, overlay, rows, columns] = Array.from(root.children) as [
    HTMLCanvasElement,
    HTMLElement,
    HTMLCanvasElement,
    HTMLElement,
    HTMLElement,
  ];
  return {
    root,
    base,
    overlay,
    scroller,
    space: scroller.firstElementChild as HTMLElement,
    rows,
    columns,
  };
}

/** The device's pixels in one of the page, which moves with zoom and with the screen. */
function usePixelRatio(): number {
  const [ratio, setRatio] = useState(window.devicePixelRatio);
  useLayoutEffect(() => {
    const query = window.matchMedia(`(resolution: ${ratio}dppx)`);
    const update = () => setRatio(window.devicePixelRatio);
    query.addEventListener("change", update);
    return () => query.removeEventListener("change", update);
  }, [ratio]);
  return ratio;
}

function pointing(surface: { current: Surface | null }, events: { current: HeatEvents }) {
  let anchor: Hover | null = null;
  let dragged: Block | null = null;
  let finger: PointerEvent | null = null;
  let timer = 0;
  const place = (event: MouseEvent) => surface.current?.at(event.clientX, event.clientY) ?? NOWHERE;
  const extend = (from: Hover, to: Hover) => {
    dragged = blockOf(from, to) ?? dragged;
    if (dragged) events.current.drag?.(dragged);
  };
  const release = () => {
    window.clearTimeout(timer);
    anchor = null;
  };
  const cancel = () => {
    release();
    if (dragged) events.current.drag?.(null);
    dragged = null;
  };
  return {
    onPointerMove(event: PointerEvent) {
      const here = place(event);
      events.current.hover(here);
      if (finger && !anchor && strayed(finger, event)) release();
      if (!anchor || !events.current.drag) return;
      const moved = here.row !== anchor.row || here.column !== anchor.column;
      if (dragged || moved) extend(anchor, here);
    },
    onPointerDown(event: PointerEvent) {
      const here = place(event);
      const touch = event.pointerType === "touch";
      cancel();
      finger = touch && events.current.drag ? event : null;
      if (event.button !== 0 || (here.row === null && here.column === null)) return;
      if (finger?.isPrimary && blockOf(here, here)) {
        timer = window.setTimeout(() => {
          anchor = here;
          extend(here, here);
        }, HOLD);
      }
      if (touch) return;
      anchor = here;
      (event.currentTarget as Element).setPointerCapture(event.pointerId);
    },
    onPointerUp() {
      const done = anchor && dragged;
      release();
      if (done) events.current.drop?.(done);
    },
    onClick(event: MouseEvent) {
      const here = place(event);
      if (!dragged && (here.row !== null || here.column !== null))
        events.current.pick(here, pinMode(event));
      release();
      dragged = null;
    },
    onPointerCancel: cancel,
    onPointerLeave() {
      events.current.hover(NOWHERE);
    },
    onContextMenu(event: Event) {
      if (finger) event.preventDefault();
    },
    /** Once a block has begun, the finger no longer scrolls. */
    keepStill(event: Event) {
      if (anchor) event.preventDefault();
    },
  };
}

function strayed(from: PointerEvent, to: PointerEvent): boolean {
  return Math.hypot(to.clientX - from.clientX, to.clientY - from.clientY) > STRAY;
}

function blockOf(one: Hover, two: Hover): Block | null {
  if (one.row === null || one.column === null || two.row === null || two.column === null)
    return null;
  return {
    rows: [Math.min(one.row, two.row), Math.max(one.row, two.row)],
    columns: [Math.min(one.column, two.column), Math.max(one.column, two.column)],
  };
}
