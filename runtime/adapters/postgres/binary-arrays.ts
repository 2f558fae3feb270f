import type { SqlValue } from "../../ports/store.ts";

/**
 * Arrays in Postgres' binary format, without quoting and hex: encoding a turn's rows takes a quarter of the CPU that
 * text arrays take. The layout is that of `array_recv` and of each type's `_recv` in Postgres' source.
 */
export interface ElementType {
  readonly oid: number;
  readonly write: ElementWriter;
}

/** Writes an element at `at`, where space is reserved. Returns its length in bytes, -1 if it has no binary form. */
type ElementWriter = (value: SqlValue, at: number) => number;

/** Element types of a statement's array parameters, by index; none for one that also occurs with another cast. */
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

interface Scratch {
  readonly bytes: Buffer;
  readonly view: DataView;
}

/** An array's bytes are written here and then copied: the size is only known at the end. Replaced by a larger one. */
let scratch = allocateScratch(1 << 20);

function allocateScratch(length: number): Scratch {
  const bytes = Buffer.allocUnsafeSlow(length);
  return { bytes, view: new DataView(bytes.buffer) };
}

/** @returns undefined if an element has no binary form: then it goes as text, and the server reports what is wrong */
export function binaryArray(values: readonly SqlValue[], { oid, write }: ElementType): Buffer | undefined {
  let end = HEADER_BYTES;
  let nulls = 0;
  for (const value of values) {
    reserve(end, 4 + bytesMaxOf(value));
    let length = -1;
    if (value === null || value === undefined) nulls = 1;
    else if ((length = write(value, end + 4)) < 0) return undefined;
    scratch.view.setInt32(end, length);
    end += 4 + Math.max(length, 0);
  }
  const { bytes, view } = scratch;
  view.setInt32(0, values.length === 0 ? 0 : 1); // dimensions
  view.setInt32(4, nulls);
  view.setInt32(8, oid);
  view.setInt32(12, values.length);
  view.setInt32(16, 1); // the first index
  // An array without elements has no dimension to describe.
  return Buffer.from(bytes.subarray(0, values.length === 0 ? 12 : end));
}

function bytesMaxOf(value: SqlValue | undefined): number {
  if (typeof value === "string") return Math.max(value.length * 3, FIXED_BYTES_MAX);
  return value instanceof Uint8Array ? value.length : FIXED_BYTES_MAX;
}

function reserve(end: number, bytes: number): void {
  if (end + bytes <= scratch.bytes.length) return;
  const larger = allocateScratch(2 * (end + bytes));
  scratch.bytes.copy(larger.bytes, 0, 0, end);
  scratch = larger;
}

// For a short text a call of a native function takes longer than a loop over its characters.
const SHORT_TEXT_MAX = 40;
const text: ElementWriter = (value, at) => {
  if (typeof value !== "string") return -1;
  if (value.length > SHORT_TEXT_MAX) return scratch.bytes.write(value, at);
  for (let i = 0; i < value.length; i++) {
    const unit = value.charCodeAt(i);
    if (unit > 127) return scratch.bytes.write(value, at);
    scratch.bytes[at + i] = unit;
  }
  return value.length;
};

const bytea: ElementWriter = (value, at) => {
  if (!(value instanceof Uint8Array)) return -1;
  scratch.bytes.set(value, at);
  return value.length;
};

// Buffer's writers return the offset after what they wrote.
const boolean: ElementWriter = (value, at) =>
  typeof value === "boolean" ? scratch.bytes.writeUInt8(value ? 1 : 0, at) - at : -1;

const int4: ElementWriter = (value, at) =>
  typeof value === "number" && (value | 0) === value ? scratch.bytes.writeInt32BE(value, at) - at : -1;

const int8: ElementWriter = (value, at) => {
  if (typeof value !== "number" || !Number.isSafeInteger(value)) return -1;
  scratch.view.setInt32(at, Math.floor(value / 2 ** 32));
  scratch.view.setInt32(at + 4, value);
  return 8;
};

// Adding 0 makes a negative zero positive, as its text form "0" is.
const float8: ElementWriter = (value, at) =>
  typeof value === "number" ? scratch.bytes.writeDoubleBE(value + 0, at) - at : -1;

const YEAR_1 = Date.parse("0001-01-01T00:00:00.000Z");
const YEAR_10000 = Date.parse("+010000-01-01T00:00:00.000Z");
const YEAR_2000 = Date.parse("2000-01-01T00:00:00.000Z");

const timestamptz: ElementWriter = (value, at) => {
  const ms = typeof value === "string" ? Date.parse(value) : value instanceof Date ? value.getTime() : NaN;
  if (!(ms >= YEAR_1 && ms < YEAR_10000)) return -1;
  // Date.parse accepts more than ISO 8601, such as the 30th of February, and drops microseconds.
  if (typeof value === "string" && new Date(ms).toISOString() !== value) return -1;
  // Microseconds since 2000 may exceed a double's precision: multiplied in two halves of 32 bits.
  const low = ((ms - YEAR_2000) >>> 0) * 1000;
  scratch.view.setInt32(at, Math.floor((ms - YEAR_2000) / 2 ** 32) * 1000 + Math.floor(low / 2 ** 32));
  scratch.view.setInt32(at + 4, low);
  return 8;
};

// Indexed by UTF-16 code unit.
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
    scratch.bytes[at + byte] = digits;
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
