import type { SqlValue } from "../../../runtime/ports/store.ts";

/** json as its text; jsonb as its canonical text. */
export class Json {
  readonly text: string;
  /** What the text says: for those who only look. */
  readonly value: unknown;
  /** @throws SqlError 22P02 */
  constructor(text: string) {
    this.text = text;
    try {
      this.value = JSON.parse(text);
    } catch {
      throw new SqlError("22P02", "invalid input syntax for type json");
    }
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

/** What a cast, a parameter's type or a column makes of a value. */
export type Coercion = (value: Value | SqlValue | undefined) => Value;

const coercions = new Map<string, Coercion>();

/** @param type as the text of a statement or a table names it */
export function coercion(type: string): Coercion {
  let made = coercions.get(type);
  if (!made) coercions.set(type, (made = orNull(type.endsWith("[]") ? arrayOf(type) : oneOf(type))));
  return made;
}

const orNull =
  (make: (value: Value) => Value): Coercion =>
  (value) =>
    value === null || value === undefined ? null : make(value as Value);

function arrayOf(type: string): (value: Value) => Value {
  const element = coercion(type.slice(0, -2));
  return (given) => {
    // A literal, whose elements are written as JSON writes texts.
    const value = typeof given === "string" ? (JSON.parse(`[${given.slice(1, -1)}]`) as readonly Value[]) : given;
    if (!Array.isArray(value)) throw new SqlError("42804", `${typeof value} is no ${type}`);
    return (value as readonly Value[]).map(element);
  };
}

function oneOf(type: string): (value: Value) => Value {
  switch (type) {
    case "text":
      return textOf;
    case "uuid":
      return uuidOf;
    case "int":
    case "integer":
    case "bigint":
    case "int4":
    case "int8":
    case "smallint":
      return (value) => Math.round(numberOf(value));
    case "float8":
    case "precision":
    case "numeric":
      return numberOf;
    case "boolean":
    case "bool":
      return (value) => value === true || value === "true" || value === "t";
    case "json":
      return (value) => (value instanceof Json ? value : new Json(String(value)));
    case "jsonb":
      return (value) =>
        new Json(JSON.stringify(sorted((value instanceof Json ? value : new Json(String(value))).value)));
    case "date":
      return dateOf;
    case "timestamptz":
      return (value) => (value instanceof Date ? value : new Date(String(value)));
    case "bytea":
      return (value) => {
        if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
        throw new SqlError("42804", "no bytea");
      };
    case "interval":
      return intervalOf;
    default:
      throw new Error(`the simulation knows no type ${type}`);
  }
}

function intervalOf(value: Value): Interval {
  const [, count, unit] = /^(\d+) (\w+?)s?$/.exec(String(value)) ?? [];
  const ms = UNITS[unit ?? ""];
  if (ms === undefined) throw new SqlError("22007", `no interval: ${String(value)}`);
  return new Interval(Number(count) * ms);
}
/** A day, as the port hands it out. */
function dateOf(value: Value): string {
  const text = value instanceof Date ? value.toISOString().slice(0, 10) : String(value);
  if (!/^\d{4,}-\d\d-\d\d$/.test(text)) throw new SqlError("22007", `no date: ${text}`);
  return text;
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
