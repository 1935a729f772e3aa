/** Token for the header of a frame: text, start, end, role, members. */
export type RawToken = [string, number | null, number | null, string, number[]];

/** A frame in the making, with arrays beside the header. */
export interface RawFrame {
  header: Record<string, unknown>;
  arrays: Record<string, { shape: number[]; values: Float32Array }>;
}

/** Pack a frame into the bytes that the view decodes. */
export function pack({ header, arrays }: RawFrame): Uint8Array {
  const places: Record<string, [number, number[]]> = {};
  let floats = 0;
  for (const [name, { shape, values }] of Object.entries(arrays)) {
    places[name] = [floats, shape];
    floats += values.length;
  }
  const text = new TextEncoder().encode(JSON.stringify({ ...header, arrays: places }));
  const length = Math.ceil((8 + text.length) / 8) * 8 - 8;
  const bytes = new Uint8Array(8 + length + 4 * floats).fill(32);
  bytes.set(new TextEncoder().encode("siam"));
  new DataView(bytes.buffer).setUint32(4, length, true);
  bytes.set(text, 8);
  let offset = 8 + length;
  for (const { values } of Object.values(arrays)) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), offset);
    offset += values.byteLength;
  }
  return bytes;
}

/** Take bytes apart again, to change them. */
export function unpack(bytes: Uint8Array): RawFrame {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(4, true);
  const { arrays: places, ...header } = JSON.parse(
    new TextDecoder().decode(bytes.subarray(8, 8 + length)),
  );
  const floats = new Float32Array(bytes.slice(8 + length).buffer);
  const arrays: RawFrame["arrays"] = {};
  for (const [name, [start, shape]] of Object.entries(
    places as Record<string, [number, number[]]>,
  )) {
    const size = shape.reduce((product, side) => product * side, 1);
    arrays[name] = { shape, values: floats.slice(start, start + size) };
  }
  return { header, arrays };
}
