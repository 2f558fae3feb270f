import { parse as parseArray } from "postgres-array";
import type { SqlValue } from "../../ports/store.ts";

/**
 * The text form of a value, or its bytes. Every driver uses this and `parsers`: their own conversions differ for dates
 * without a zone, arrays of bytea and int8, and a decision must not depend on the driver.
 */
export function toParameter(value: SqlValue | undefined): string | Uint8Array | null {
  if (value === null || value === undefined) return null;
  return value instanceof Uint8Array ? value : textOf(value);
}

function textOf(value: Exclude<SqlValue, null>): string {
  if (Array.isArray(value)) return `{${value.map(elementText).join(",")}}`;
  if (value instanceof Uint8Array)
    return `\\x${Buffer.from(value.buffer, value.byteOffset, value.length).toString("hex")}`;
  // Years beyond 9999: ISO writes +010000, Postgres reads 10000.
  if (value instanceof Date) return value.toISOString().replace(/^\+0*/, "");
  return String(value as Exclude<typeof value, readonly SqlValue[]>);
}

function elementText(value: SqlValue | undefined): string {
  if (value === null || value === undefined) return "NULL";
  const text = textOf(value);
  if (Array.isArray(value) || typeof value === "number" || typeof value === "boolean") return text;
  // JSON escapes quotes and backslashes as array elements need it, several times faster than a replacement. Texts with
  // control characters and lone surrogates are left out: for these it has escapes that Postgres does not know.
  return PLAIN.test(text) ? JSON.stringify(text) : `"${text.replace(/[\\"]/g, "\\$&")}"`;
}
const PLAIN = /^[^\u0000-\u001f\ud800-\udfff]*$/;

type Parse = (text: string) => unknown;

const asTime: Parse = (text) => new Date(text);
const asBytes: Parse = (text) => Buffer.from(text.slice(2), "hex");
const asBoolean: Parse = (text) => text === "t";

/** OIDs of a type and of its array. Types that are not listed stay text: interval, for example. */
const scalars: readonly (readonly [oid: number, arrayOid: number, parse: Parse])[] = [
  [16, 1000, asBoolean],
  [17, 1001, asBytes],
  [19, 1003, String], // name
  [20, 1016, Number], // int8
  [21, 1005, Number],
  [23, 1007, Number],
  [25, 1009, String],
  [26, 1028, Number], // oid
  [114, 199, JSON.parse],
  [700, 1021, Number],
  [701, 1022, Number],
  [1043, 1015, String], // varchar
  [1082, 1182, String], // date
  [1114, 1115, String], // timestamp
  [1184, 1185, asTime],
  [1700, 1231, String], // numeric
  [2950, 2951, String], // uuid
  [3802, 3807, JSON.parse],
];

/** Type oid -> how its text form is read. */
export const parsers: ReadonlyMap<number, Parse> = new Map(
  scalars.flatMap(([oid, arrayOid, parse]): [number, Parse][] => {
    // Exactly one argument: some drivers pass a second one, which JSON.parse would use as a reviver.
    const parseOne: Parse = (text) => parse(text);
    return [
      [oid, parseOne],
      [arrayOid, (text) => parseArray(text, parseOne)],
    ];
  }),
);
