import { type Entity, isPurged } from "./entity.ts";
import type { Domain, Machine } from "./domain.ts";
import type { Json, Message } from "./message.ts";
import type { ColumnSpec, LoggedMessage, ProjectionSpec, Row, RowEntity } from "./projection.ts";
import { fromRfc3339 } from "./time.ts";

/** An entity's rows by a projection's function, complete; or why they can't be had. */
export type ComputedRows = { readonly rows: readonly Row[] } | { readonly fault: string };

/** How long a function may take, ms; how many rows an entity may have; bytes of a row, and of what an index has. */
export const ROW_LIMITS = { ms: 50, rows: 1_000, bytes: 65_536, indexBytes: 2_500 } as const;

/** @param state of the entity: one that is in none has no rows */
export const rowEntityOf = (entity: Entity, state: string, orchestrator: Machine): RowEntity => ({
  id: entity.id,
  state,
  isLive: orchestrator.states.get(state)?.terminal === false,
  data: entity.data,
  attempt: entity.attempt.number,
  stateSince: entity.stateSince,
});

/** Whether functions would be given the same: then they are not asked. */
export const hasSameRows = (before: Entity | undefined, after: Entity): boolean =>
  before !== undefined &&
  before.data === after.data &&
  before.state === after.state &&
  before.stateSince === after.stateSince &&
  before.attempt.number === after.attempt.number &&
  isPurged(before) === isPurged(after);

/** @param monotonicMs a clock */
export function computeRows(
  spec: ProjectionSpec,
  { orchestrator }: Pick<Domain, "orchestrator">,
  entity: Entity,
  monotonicMs: () => number,
): ComputedRows {
  const { kind, key } = spec;
  if (entity.state === null) return { rows: [] };
  const made = call(spec, rowEntityOf(entity, entity.state, orchestrator), monotonicMs);
  if ("fault" in made) return made;
  if (kind === "rows" && !Array.isArray(made.value)) return { fault: "it returns no list" };
  const values = kind === "rows" ? (made.value as readonly unknown[]) : made.value === null ? [] : [made.value];
  if (values.length > ROW_LIMITS.rows) return { fault: `it returns more than ${ROW_LIMITS.rows} rows` };
  const rows: Row[] = [];
  const keys = new Set<string>();
  for (const value of values) {
    const checked = checkRow(spec, value, { [key[0] ?? ""]: entity.id });
    if ("fault" in checked) return checked;
    const own = JSON.stringify(key.map((column) => checked.row[column]));
    if (keys.has(own)) return { fault: `two rows have the key ${own.slice(0, 200)}` };
    keys.add(own);
    rows.push(checked.row);
  }
  return { rows };
}

/** The row that a message leaves in a log: at most one. */
export function computeLogRow(
  spec: ProjectionSpec,
  { type, payload, now }: Message,
  entity: RowEntity,
  time: { readonly monotonicMs: () => number; readonly at: string },
): ComputedRows {
  const given: LoggedMessage = { message: { type, payload }, entity, now };
  const made = call(spec, given, time.monotonicMs);
  if ("fault" in made) return made;
  if (made.value === null) return { rows: [] };
  const [id = "", at = ""] = spec.key;
  const checked = checkRow(spec, made.value, { [id]: entity.id, [at]: time.at });
  return "fault" in checked ? checked : { rows: [checked.row] };
}

type Made = { readonly value: unknown } | { readonly fault: string };
const LATE: Made = { fault: `it takes more than ${ROW_LIMITS.ms} ms` };

/** Of so many calls some are interrupted by the machine, which counts as their time: what is slow is so again. */
function call(spec: ProjectionSpec, given: RowEntity | LoggedMessage, monotonicMs: () => number): Made {
  const made = callOnce(spec, given, monotonicMs);
  return made === LATE ? callOnce(spec, given, monotonicMs) : made;
}

function callOnce({ of }: ProjectionSpec, given: RowEntity | LoggedMessage, monotonicMs: () => number): Made {
  const beganMs = monotonicMs();
  let value: unknown;
  try {
    value = of(given as never);
  } catch (error) {
    return { fault: `it throws ${error instanceof Error ? String(error) : JSON.stringify(error)}` };
  }
  if (value instanceof Promise) {
    // Nobody waits for it, so nobody would hear that it fails.
    value.catch(() => {});
    return { fault: "it returns a Promise: such a function is synchronous" };
  }
  if (monotonicMs() - beganMs > ROW_LIMITS.ms) return LATE;
  return { value };
}

function checkRow(
  { parser, columns, key }: ProjectionSpec,
  value: unknown,
  own: Row,
): { readonly row: Row } | { readonly fault: string } {
  const parsed = parser.safeParse(value);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0] ?? { path: [], message: "it is no row" };
    return { fault: path.length === 0 ? message : `${path.join(".")}: ${message}` };
  }
  const row: Row = { ...own, ...parsed.data };
  const sizes = new Map<string, number>();
  for (const column of columns) {
    const problem = problemOf(row[column.name] ?? null, column);
    if (problem !== undefined) return { fault: `${column.name} ${problem}` };
    sizes.set(column.name, sizeOf(row[column.name] ?? null));
  }
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  if (total > ROW_LIMITS.bytes) return { fault: `the row has more than ${ROW_LIMITS.bytes} bytes` };
  const keySize = key.reduce((sum, column) => sum + (sizes.get(column) ?? 0), 0);
  for (const { name, index, type } of [...columns, { name: "the key", index: "btree", type: "text" }]) {
    const size = type === "text[]" ? largestOf(row[name]) : (sizes.get(name) ?? 0) + keySize;
    if (index && size > ROW_LIMITS.indexBytes)
      return { fault: `${name} is too long for its index: ${ROW_LIMITS.indexBytes} bytes, the key included` };
  }
  return { row };
}

const FIRST_TIME_MS = Date.parse("0001-01-01T00:00:00Z");

/** What no text of Postgres can have. */
function problemOf(value: Json, { type }: ColumnSpec): string | undefined {
  if (typeof value === "string" && type === "timestamptz")
    return (fromRfc3339(value) ?? -Infinity) >= FIRST_TIME_MS ? undefined : "is no time of the years 0001 to 9999";
  const text = typeof value === "string" ? value : typeof value === "object" ? JSON.stringify(value) : "";
  // In JSON both are escapes. A backslash of the text itself is escaped too: none of those before it stands alone.
  if (text.includes("\0") || (text !== value && /(?<!\\)(?:\\\\)*\\u0000/.test(text))) return "has a NUL";
  if (/[\ud800-\udfff]/.test(text) && LONE_SURROGATE.test(text)) return "has half of a character";
  return text !== value && /(?<!\\)(?:\\\\)*\\ud[89a-f]/.test(text) ? "has half of a character" : undefined;
}
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** Bytes, about. */
function sizeOf(value: Json): number {
  if (typeof value === "string") return bytesOf(value);
  return typeof value === "object" && value !== null ? bytesOf(JSON.stringify(value)) : 8;
}

const largestOf = (value: Json | undefined): number =>
  Array.isArray(value) ? Math.max(0, ...(value as readonly Json[]).map(sizeOf)) : 0;

/** In UTF-8. */
function bytesOf(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // Of a pair each half counts two.
    if (unit > 127) bytes += unit > 2_047 && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return bytes;
}
