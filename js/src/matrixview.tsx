import { useComputed } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { type HeatEvents, Heatmap } from "./heatmap";
import { KEYS_HINT, steer } from "./keys";
import { look, marks } from "./lit";
import type { HeatData } from "./surface";
import type { Hover, Picture, PinMode, Store } from "./types";

const HEIGHT = 720;
const CELL = 40;

/** The matrix of all token pairs, with everything that can be done to it. */
export function MatrixView({ store, picture }: { store: Store; picture: Picture }) {
  const [visible, limit] = [store.visible.value, store.limit.value];
  const [palette, special] = [store.palette.value, store.special.value];
  const data = useMemo<HeatData>(
    () => ({
      rows: picture.rows,
      columns: picture.columns,
      values: picture.values,
      limit,
      palette,
      special,
      visible,
      uncertain: picture.error ? (cell) => picture.uncertain(cell) : null,
      flips: null,
      rowBars: { sums: picture.rowSums, effects: picture.effectsA },
      columnBars: { sums: picture.columnSums, effects: picture.effectsB },
    }),
    [picture, visible, limit, palette, special],
  );
  const marked = useComputed(() => marks(store));
  const events = useMemo(() => eventsFor(store), [store]);
  const [rows, columns] = [picture.rows.length, picture.columns.length];
  return (
    <Heatmap
      data={data}
      marks={marked}
      name={`Matrix of ${rows} by ${columns} ${picture.unit} pairs. ${KEYS_HINT}`}
      height={store.tallest.value || HEIGHT}
      cell={CELL}
      events={events}
    />
  );
}

function eventsFor(store: Store): HeatEvents {
  return {
    hover: (place) => look(store, place),
    pick: (place, mode) => pick(store, place, mode),
    drag: (block) => {
      store.block.value = block;
    },
    drop: (block) => {
      store.block.value = null;
      store.pinBlock(block);
    },
    key: (event) => steer(store, event),
  };
}

function pick(store: Store, { row, column }: Hover, mode: PinMode): void {
  if (row !== null && column !== null) store.pinCell({ row, column }, mode);
  else if (row !== null) store.pinToken("a", row, mode);
  else if (column !== null) store.pinToken("b", column, mode);
}
