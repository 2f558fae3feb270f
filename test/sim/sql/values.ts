import type { SqlValue } from "../../../runtime/ports/store.ts";

/** json as its text; jsonb as its canonical text. */
export class Json {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}
export class Interval {
  readonly ms: number;
  constructor(ms: number) {
    this.ms = ms;
  }
}
export type Value = string | number | boolean | null | Date | Buffer | Json | Interval | readonly Value[];

/** The server's refusal of a statement, with its SQLSTATE. */
export class SqlError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const UNITS: Readonly<Record<string, number>> = { second: 1e3, minute: 6e4, hour: 36e5, day: 864e5, millisecond: 1 };

/** A value as a type: what a cast, a parameter's type or a column makes of it. */
export function coerce(value: Value | SqlValue | undefined, type: string): Value {
  if (value === null || value === undefined) return null;
  if (type.endsWith("[]")) {
    const element = type.slice(0, -2);
    if (!Array.isArray(value)) throw new SqlError("42804", `${typeof value} is no ${type}`);
    return (value as readonly Value[]).map((each) => coerce(each, element));
  }
  switch (type) {
    case "text":
      return textOf(value as Value);
    case "uuid":
      return uuidOf(value as Value);
    case "int":
    case "integer":
    case "bigint":
    case "int4":
    case "int8":
    case "smallint":
      return Math.round(numberOf(value as Value));
    case "float8":
    case "precision":
    case "numeric":
      return numberOf(value as Value);
    case "boolean":
    case "bool":
      return value === true || value === "true" || value === "t";
    case "json":
      return value instanceof Json ? value : new Json(checkedJson(String(value)));
    case "jsonb":
      return new Json(JSON.stringify(sorted(JSON.parse(value instanceof Json ? value.text : String(value)))));
    case "timestamptz":
      return value instanceof Date ? value : new Date(String(value));
    case "bytea":
      if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      throw new SqlError("42804", "no bytea");
    case "interval": {
      const [, count, unit] = /^(\d+) (\w+?)s?$/.exec(String(value)) ?? [];
      const ms = UNITS[unit ?? ""];
      if (ms === undefined) throw new SqlError("22007", `no interval: ${String(value)}`);
      return new Interval(Number(count) * ms);
    }
    default:
      throw new Error(`the simulation knows no type ${type}`);
  }
}

function textOf(value: Value): string {
  if (typeof value === "string") {
    if (value.includes("\0")) throw new SqlError("22021", "invalid byte sequence");
    return value;
  }
  if (value instanceof Json) return value.text;
  if (value instanceof Date) return value.toISOString();
  return String(value);
}
function numberOf(value: Value): number {
  const number = Number(value);
  if (Number.isNaN(number)) throw new SqlError("22P02", `no number: ${String(value)}`);
  return number;
}
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
function uuidOf(value: Value): string {
  if (typeof value !== "string" || !UUID.test(value)) throw new SqlError("22P02", `no uuid: ${String(value)}`);
  return value.toLowerCase();
}
function checkedJson(text: string): string {
  try {
    JSON.parse(text);
  } catch {
    throw new SqlError("22P02", "invalid input syntax for type json");
  }
  return text;
}

/** jsonb's order of keys: the shorter first. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value as object).sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, each]) => [key, sorted(each)]));
}

/** As the port hands it out. */
export function handedOut(value: Value): unknown {
  if (value instanceof Json) return JSON.parse(value.text);
  if (value instanceof Date) return new Date(value);
  if (value instanceof Interval) return `${value.ms / 1_000}s`;
  return Array.isArray(value) ? (value as readonly Value[]).map(handedOut) : value;
}

/** For comparing and for keys: equal values have one. */
export function comparable(value: Value): string | number | boolean | null {
  if (value === null || typeof value !== "object") return value;
  if (value instanceof Date) return value.getTime();
  if (value instanceof Interval) return value.ms;
  if (value instanceof Json) return value.text;
  if (Buffer.isBuffer(value)) return value.toString("latin1");
  return JSON.stringify((value as readonly Value[]).map(comparable));
}

export function compare(a: Value, b: Value): number {
  let [left, right] = [comparable(a), comparable(b)] as [string | number, string | number];
  // An untyped literal takes the type of the other side.
  if (typeof left !== typeof right) {
    if (a instanceof Date && typeof b === "string") right = Date.parse(b);
    else if (b instanceof Date && typeof a === "string") left = Date.parse(a);
    else if (typeof left === "number") right = Number(right);
    else if (typeof right === "number") left = Number(left);
  }
  return left === right ? 0 : left < right ? -1 : 1;
}
