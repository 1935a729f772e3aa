import type { Token } from "./types";

/** A matrix of `width` columns, row-major. */
export interface Matrix {
  values: ArrayLike<number>;
  width: number;
}

/** Return the sums of the matrix over the members of each row and column unit, in float64. */
export function sumUnits({ values, width }: Matrix, rows: Token[], columns: Token[]): Float64Array {
  const sums = new Float64Array(rows.length * columns.length);
  const members = Uint32Array.from(columns.flatMap((token) => token.members));
  const owners = Uint32Array.from(
    columns.flatMap((token, owner) => token.members.map(() => owner)),
  );
  rows.forEach((token, row) => {
    const start = row * columns.length;
    for (const member of token.members) {
      const from = member * width;
      for (let i = 0; i < members.length; i++) {
        const cell = start + at(owners, i);
        sums[cell] = at(sums, cell) + at(values, from + at(members, i));
      }
    }
  });
  return sums;
}

/** Return the sums of a vector over the members of each unit, in float64. */
export function sumMembers(values: ArrayLike<number>, tokens: Token[]): Float64Array {
  return Float64Array.from(tokens, (token) => sumAt(values, token.members));
}

/** Return the sum of the cells in which the given rows and columns cross. */
export function sumBlock(matrix: Matrix, rows: number[], columns: number[]): number {
  let sum = 0;
  for (const row of rows) {
    for (const column of columns) sum += at(matrix.values, row * matrix.width + column);
  }
  return sum;
}

/** Return the sums of the rows and of the columns of a matrix. */
export function margins({ values, width }: Matrix): [Float64Array, Float64Array] {
  const rows = new Float64Array(width ? values.length / width : 0);
  const columns = new Float64Array(width);
  let cell = 0;
  for (let row = 0; row < rows.length; row++) {
    for (let column = 0; column < width; column++) {
      const value = at(values, cell++);
      rows[row] = at(rows, row) + value;
      columns[column] = at(columns, column) + value;
    }
  }
  return [rows, columns];
}

/** Return the number at `index`, 0 beyond the end. */
export function at(values: ArrayLike<number>, index: number): number {
  return values[index] ?? 0;
}

function sumAt(values: ArrayLike<number>, indices: number[]): number {
  return indices.reduce((sum, index) => sum + at(values, index), 0);
}
