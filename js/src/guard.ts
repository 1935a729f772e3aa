/** A test that narrows an unknown value. */
export type Guard<T> = (value: unknown) => value is T;

export type JsonObject = Record<string, unknown>;

export const isObject: Guard<JsonObject> = (value): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const isString: Guard<string> = (value) => typeof value === "string";

export const isBoolean: Guard<boolean> = (value) => typeof value === "boolean";

export const isNumber: Guard<number> = (value): value is number => Number.isFinite(value);

export const isCount: Guard<number> = (value): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

export function oneOf<T extends string>(...allowed: readonly T[]): Guard<T> {
  return (value): value is T => allowed.includes(value as T);
}

export function orNull<T>(guard: Guard<T>): Guard<T | null> {
  return (value): value is T | null => value === null || guard(value);
}

export function listOf<T>(guard: Guard<T>): Guard<T[]> {
  return (value): value is T[] => Array.isArray(value) && value.every(guard);
}

/** Return the bytes of what a message or trait brought; null if it brought none. */
export function asBytes(value: unknown): Uint8Array | null {
  if (ArrayBuffer.isView(value)) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  return value instanceof ArrayBuffer ? new Uint8Array(value) : null;
}

export const isBytes: Guard<ArrayBufferView | ArrayBuffer> = (
  value,
): value is ArrayBufferView | ArrayBuffer => asBytes(value) !== null;
