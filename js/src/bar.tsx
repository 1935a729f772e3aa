/** A number as a bar: its length against the largest, its colour by its sign. */
export function Bar({ value, largest }: { value: number; largest: number }) {
  const width = largest > 0 ? Math.min(1, Math.abs(value) / largest) : 0;
  return (
    <span class="sv-bar" aria-hidden="true">
      <span
        class={value < 0 ? "sv-down" : "sv-up"}
        style={{ width: `${(100 * width).toFixed(1)}%` }}
      />
    </span>
  );
}
