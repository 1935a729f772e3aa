import { parts } from "./decode";
import { visible } from "./text";
import type { Picture, Token } from "./types";

const FORMULA = /^ *[=+\-@\t\r\n＝＋－＠]/;
const COLUMNS = "a,b,index_a,index_b,start_a,end_a,start_b,end_b,special,effect,share";

/** Return a text for a table's cell: quoted where it has to be, and never a formula. */
export function inert(text: string): string {
  const shown = visible(text);
  const safe = FORMULA.test(shown) ? `'${shown}` : shown;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Return a row for each pair of what is shown, under the names that Python gives the columns. */
export function toCsv({ rows, columns, values, ledger, frame }: Picture): string {
  const [a, b] = [described(rows, frame.textA), described(columns, frame.textB)];
  const lines = [COLUMNS];
  a.forEach((one, i) => {
    b.forEach((two, j) => {
      const value = values[i * b.length + j] ?? 0;
      const special = one.special || two.special ? "True" : "False";
      const share = ledger.score ? value / ledger.score : "";
      lines.push(
        [one.text, two.text, i, j, one.span, two.span, special, short(value), share].join(),
      );
    });
  });
  return `${lines.join("\n")}\n`;
}

/** Python counts characters by code points. */
function described(tokens: Token[], text: string) {
  const place = (offset: number | null) =>
    offset === null ? "" : Array.from(text.slice(0, offset)).length;
  return tokens.map(({ text: name, start, end, role }) => ({
    text: inert(name),
    span: [place(start), place(end)].join(),
    special: role !== "text",
  }));
}

/** Return all that a result holds, with its arrays as nested lists. */
export function toJson(bytes: Uint8Array): string {
  const [header, arrays] = parts(bytes);
  const table = header.arrays as Record<string, [number, number[]]>;
  const lists = Object.entries(table).map(([name, [, shape]]) => {
    const numbers = Array.from(arrays.find(name, ...shape) ?? [], short);
    return [name, shape.length > 1 ? inRows(numbers, shape[1] ?? 0) : numbers];
  });
  return JSON.stringify({ ...header, arrays: Object.fromEntries(lists) });
}

function inRows(numbers: number[], width: number): number[][] {
  const count = numbers.length / (width || 1);
  return Array.from({ length: count }, (_, row) => numbers.slice(row * width, (row + 1) * width));
}

/** The shortest decimal of the same float32; any other number as it is. */
function short(value: number): number {
  const found = [6, 7, 8, 9].map((digits) => Number(value.toPrecision(digits)));
  return found.find((number) => Math.fround(number) === value) ?? value;
}
