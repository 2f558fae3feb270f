import type { SqlValue } from "../../ports/store.ts";

/**
 * The text form of a value, or its bytes. Every driver uses this and `parsers`: their own conversions differ for dates
 * without a zone, arrays of bytea and int8, and a decision must not depend on the driver.
 */
export function toParameter(value: SqlValue | undefined): string | Uint8Array | null {
  if (value === null || value === undefined) return null;
  if (value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return arrayText(value);
  return scalarText(value as Exclude<SqlValue, readonly SqlValue[]>);
}

function scalarText(value: string | number | boolean | Date | Uint8Array | null): string {
  if (value instanceof Uint8Array) return `\\x${asBuffer(value).toString("hex")}`;
  // Years beyond 9999: ISO writes +010000, Postgres reads 10000.
  if (value instanceof Date) return value.toISOString().replace(/^\+0*/, "");
  return String(value);
}

const arrayText = (values: readonly SqlValue[]): string => `{${values.map(elementText).join(",")}}`;

function elementText(value: SqlValue | undefined): string {
  if (value === null || value === undefined) return "NULL";
  if (Array.isArray(value)) return arrayText(value);
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const text = scalarText(value as Exclude<SqlValue, readonly SqlValue[]>);
  // JSON escapes quotes and backslashes as array elements need it, several times faster than a replacement. Texts with
  // control characters and lone surrogates are left out: for these it has escapes that Postgres does not know.
  return PLAIN.test(text) ? JSON.stringify(text) : `"${text.replace(/[\\"]/g, "\\$&")}"`;
}
const PLAIN = /^[^\u0000-\u001f\ud800-\udfff]*$/;

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

type Parse = (text: string) => unknown;

const asText: Parse = (text) => text;
const asTime: Parse = (text) => new Date(text);
const asBytes: Parse = (text) => Buffer.from(text.slice(2), "hex");
const asBoolean: Parse = (text) => text === "t";

/** OIDs of a type and of its array. Types that are not listed stay text: interval, for example. */
const scalars: readonly (readonly [oid: number, arrayOid: number, parse: Parse])[] = [
  [16, 1000, asBoolean],
  [17, 1001, asBytes],
  [19, 1003, asText], // name
  [20, 1016, Number], // int8
  [21, 1005, Number],
  [23, 1007, Number],
  [25, 1009, asText],
  [26, 1028, Number], // oid
  [114, 199, JSON.parse],
  [700, 1021, Number],
  [701, 1022, Number],
  [1043, 1015, asText], // varchar
  [1082, 1182, asText], // date
  [1114, 1115, asText], // timestamp
  [1184, 1185, asTime],
  [1700, 1231, asText], // numeric
  [2950, 2951, asText], // uuid
  [3802, 3807, JSON.parse],
];

/** Type oid -> how its text form is read. */
export const parsers: ReadonlyMap<number, Parse> = new Map(
  scalars.flatMap(([oid, arrayOid, parse]) => [
    // Exactly one argument: some drivers pass a second one, which JSON.parse would use as a reviver.
    [oid, (text: string) => parse(text)] as const,
    [arrayOid, (text: string) => parseArray(text, parse)] as const,
  ]),
);

/** Parses `{a,"b c",NULL,{d}}`, also with leading bounds such as `[0:1]=`. */
function parseArray(text: string, parse: Parse): unknown[] {
  let at = text.indexOf("{");
  const quoted = (): string => {
    let value = "";
    for (at += 1; at < text.length && text[at] !== '"'; at += 1) {
      if (text[at] === "\\") at += 1;
      value += text[at];
    }
    at += 1;
    return value;
  };
  const bare = (): unknown => {
    const from = at;
    while (at < text.length && text[at] !== "," && text[at] !== "}") at += 1;
    const value = text.slice(from, at);
    return value === "NULL" ? null : parse(value);
  };
  const list = (): unknown[] => {
    const values: unknown[] = [];
    at += 1;
    while (at < text.length && text[at] !== "}") {
      if (text[at] === ",") at += 1;
      values.push(text[at] === "{" ? list() : text[at] === '"' ? parse(quoted()) : bare());
    }
    at += 1;
    return values;
  };
  return list();
}
