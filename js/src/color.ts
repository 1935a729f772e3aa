import type { Palette, Theme } from "./types";
import { at } from "./units";

const ENTRIES = 256;
const PIVOT = 128;
const INKS: [string, number][] = [
  ["#1c2028", luminance(0x1c, 0x20, 0x28)],
  ["#ffffff", 1],
  ["#000000", 0],
];
const READABLE = 4.5;

/** Return the table entry of `value` in [−limit, limit], clipped; 0 falls on a pivot entry. */
export function tableIndex(value: number, limit: number): number {
  if (!(limit > 0) || Number.isNaN(value)) return PIVOT;
  const strength = roundHalfEven((PIVOT - 1) * Math.min(Math.abs(value) / limit, 1));
  return value >= 0 ? PIVOT + strength : PIVOT - 1 - strength;
}

function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded;
}

/** Return the palettes of both themes from the bytes that Python sends. */
export function palettes(bytes: Uint8Array | null): Record<Theme, Palette> {
  const size = 3 * ENTRIES;
  const tables = bytes?.length === 2 * size ? bytes : plainTables();
  return { light: palette(tables.slice(0, size)), dark: palette(tables.slice(size)) };
}

function palette(table: Uint8Array): Palette {
  const colors: string[] = [];
  const inks: string[] = [];
  for (let entry = 0; entry < ENTRIES; entry++) {
    const [red, green, blue] = [0, 1, 2].map((channel) => at(table, 3 * entry + channel));
    colors.push(`rgb(${red}, ${green}, ${blue})`);
    inks.push(readableInk(luminance(red ?? 0, green ?? 0, blue ?? 0)));
  }
  return {
    table,
    color: (value, limit) => colors[tableIndex(value, limit)] ?? "",
    ink: (value, limit) => inks[tableIndex(value, limit)] ?? "",
  };
}

/** Relative luminance as WCAG 2.2 defines it, 0 to 1. */
function luminance(red: number, green: number, blue: number): number {
  const [r, g, b] = [red, green, blue].map((channel) => {
    const value = channel / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * (r ?? 0) + 0.7152 * (g ?? 0) + 0.0722 * (b ?? 0);
}

function readableInk(background: number): string {
  const contrast = (ink: number) =>
    (Math.max(ink, background) + 0.05) / (Math.min(ink, background) + 0.05);
  return INKS.find(([, ink]) => contrast(ink) >= READABLE)?.[0] ?? "#000000";
}

/** Straight lines from orange over the page to blue, should the tables not arrive. */
function plainTables(): Uint8Array {
  const mix = (page: number) =>
    Array.from({ length: ENTRIES }, (_, index) => {
      const strength = Math.max(index - PIVOT, PIVOT - 1 - index) / (PIVOT - 1);
      const end = index < PIVOT ? [230, 120, 30] : [30, 120, 230];
      return end.map((channel) => page + strength * (channel - page));
    });
  return Uint8Array.from([...mix(255), ...mix(27)].flat());
}
