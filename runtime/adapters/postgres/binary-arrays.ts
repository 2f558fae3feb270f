import type { SqlValue } from "../../ports/store.ts";
import { retireSlab, type SlabLease, takeSlab } from "./slabs.ts";

/**
 * Arrays in Postgres' binary format, without quoting and hex: encoding a turn's rows takes a quarter of the CPU that
 * text arrays take. The layout is that of `array_recv` and of each type's `_recv` in the Postgres source.
 */
export interface ElementType {
  readonly oid: number;
  readonly write: ElementWriter;
}

/** Writes an element at `at`, where space is reserved. Returns its length in bytes, -1 if it has no binary form. */
type ElementWriter = (value: SqlValue, at: number) => number;

/**
 * Which parameters of a statement are arrays of what, by index; a parameter that is also used otherwise is not here.
 */
export function arrayTypes(text: string): readonly (ElementType | undefined)[] {
  const casts = new Map<number, string | undefined>();
  for (const [, number, cast] of text.matchAll(/\$(\d+)(?:::(\w+)\[\](?!\[))?/g)) {
    const at = Number(number) - 1;
    casts.set(at, casts.has(at) && casts.get(at) !== cast ? undefined : cast);
  }
  const types: (ElementType | undefined)[] = [];
  for (const [at, cast] of casts) types[at] = elementTypes.get(cast?.toLowerCase() ?? "");
  return types;
}

const HEADER_BYTES = 20;
const FIXED_BYTES_MAX = 16;
// Elements are written here, one array behind the other.
let slab = takeSlab(0);

/**
 * @param lease keeps the bytes as they are until it is ended
 * @returns undefined if an element has no binary form: the server shall say what is wrong with its text
 */
export function binaryArray(
  values: readonly SqlValue[],
  { oid, write }: ElementType,
  lease: SlabLease,
): Buffer | undefined {
  let start = reserve(slab.free, slab.free, HEADER_BYTES);
  let at = start + HEADER_BYTES;
  let nulls = 0;
  for (const value of values) {
    const room = 4 + roomFor(value);
    if (at + room > slab.bytes.length) {
      const moved = reserve(start, at, room);
      at += moved - start;
      start = moved;
    }
    let length = -1;
    if (value === null || value === undefined) nulls = 1;
    else if ((length = write(value, at + 4)) < 0) return undefined;
    slab.view.setInt32(at, length);
    at += 4 + Math.max(length, 0);
  }
  const { view } = slab;
  view.setInt32(start, values.length === 0 ? 0 : 1); // dimensions
  view.setInt32(start + 4, nulls);
  view.setInt32(start + 8, oid);
  view.setInt32(start + 12, values.length);
  view.setInt32(start + 16, 1); // the first index
  slab.free = at;
  lease.hold(slab);
  // An array without elements has no dimension to describe.
  return slab.bytes.subarray(start, values.length === 0 ? start + 12 : at);
}

function roomFor(value: SqlValue | undefined): number {
  if (typeof value === "string") return Math.max(value.length * 3, FIXED_BYTES_MAX);
  return value instanceof Uint8Array ? value.length : FIXED_BYTES_MAX;
}

/** Where what lies from `start` to `end` is once there are `bytes` behind it: there, or at the head of another slab. */
function reserve(start: number, end: number, bytes: number): number {
  if (end + bytes <= slab.bytes.length) return start;
  const next = takeSlab(2 * (end - start + bytes));
  slab.bytes.copy(next.bytes, 0, start, end);
  retireSlab(slab);
  slab = next;
  return 0;
}

// A call out of JavaScript costs more than the letters of a short word.
const SHORT_TEXT_MAX = 40;
const text: ElementWriter = (value, at) => {
  if (typeof value !== "string") return -1;
  if (value.length > SHORT_TEXT_MAX) return slab.bytes.write(value, at);
  for (let i = 0; i < value.length; i++) {
    const unit = value.charCodeAt(i);
    if (unit > 127) return slab.bytes.write(value, at);
    slab.bytes[at + i] = unit;
  }
  return value.length;
};

const bytea: ElementWriter = (value, at) => {
  if (!(value instanceof Uint8Array)) return -1;
  slab.bytes.set(value, at);
  return value.length;
};

// Buffer's own writers return where they stopped.
const boolean: ElementWriter = (value, at) =>
  typeof value === "boolean" ? slab.bytes.writeUInt8(value ? 1 : 0, at) - at : -1;

const int4: ElementWriter = (value, at) =>
  typeof value === "number" && (value | 0) === value ? slab.bytes.writeInt32BE(value, at) - at : -1;

const int8: ElementWriter = (value, at) => {
  if (typeof value !== "number" || !Number.isSafeInteger(value)) return -1;
  slab.view.setInt32(at, Math.floor(value / 2 ** 32));
  slab.view.setInt32(at + 4, value);
  return 8;
};

// Never a negative zero: its text is "0".
const float8: ElementWriter = (value, at) =>
  typeof value === "number" ? slab.bytes.writeDoubleBE(value + 0, at) - at : -1;

const YEAR_1 = Date.parse("0001-01-01T00:00:00.000Z");
const YEAR_10000 = Date.parse("+010000-01-01T00:00:00.000Z");
const YEAR_2000 = Date.parse("2000-01-01T00:00:00.000Z");

const timestamptz: ElementWriter = (value, at) => {
  const ms = typeof value === "string" ? Date.parse(value) : value instanceof Date ? value.getTime() : NaN;
  if (!(ms >= YEAR_1 && ms < YEAR_10000)) return -1;
  // Date.parse reads more than ISO 8601, and the 30th of February; microseconds it drops.
  if (typeof value === "string" && new Date(ms).toISOString() !== value) return -1;
  // Microseconds do not fit into a double: thousandfold in two halves.
  const low = ((ms - YEAR_2000) >>> 0) * 1000;
  slab.view.setInt32(at, Math.floor((ms - YEAR_2000) / 2 ** 32) * 1000 + Math.floor(low / 2 ** 32));
  slab.view.setInt32(at + 4, low);
  return 8;
};

// For every unit of UTF-16.
const HEX_DIGIT_VALUES = new Int8Array(65_536).fill(-1);
for (const [digit, character] of [..."0123456789abcdef"].entries())
  for (const form of [character, character.toUpperCase()]) HEX_DIGIT_VALUES[form.charCodeAt(0)] = digit;

const uuid: ElementWriter = (value, at) => {
  if (typeof value !== "string" || value.length !== 36) return -1;
  let from = 0;
  let wrong = 0;
  for (let byte = 0; byte < 16; byte += 1) {
    if (byte === 4 || byte === 6 || byte === 8 || byte === 10) wrong |= value.charCodeAt(from++) ^ 45;
    const digits = (HEX_DIGIT_VALUES[value.charCodeAt(from)]! << 4) | HEX_DIGIT_VALUES[value.charCodeAt(from + 1)]!;
    wrong |= digits < 0 ? 1 : 0;
    slab.bytes[at + byte] = digits;
    from += 2;
  }
  return wrong === 0 ? 16 : -1;
};

const elementTypes: ReadonlyMap<string, ElementType> = new Map(
  Object.entries({
    boolean: { oid: 16, write: boolean },
    bytea: { oid: 17, write: bytea },
    bigint: { oid: 20, write: int8 },
    int: { oid: 23, write: int4 },
    text: { oid: 25, write: text },
    json: { oid: 114, write: text },
    float8: { oid: 701, write: float8 },
    timestamptz: { oid: 1184, write: timestamptz },
    uuid: { oid: 2950, write: uuid },
  }),
);
