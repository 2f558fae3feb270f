import type { Domain } from "./domain.ts";
import type { Entity } from "./entity.ts";
import { escapePointer, isObject, type JsonObject } from "./incoming-json.ts";

/** What is stored of an entity is not what the domain's code takes, nor can its `upcast` make that of it. */
export class UnreadableData extends Error {
  override readonly name = "UnreadableData";
  /** JSON pointer (RFC 6901) to what is wrong in the data, as `upcast` has left it; empty: the data as a whole. */
  readonly pointer: string;
  readonly reason: string;

  constructor(pointer: string, reason: string) {
    super(`${pointer || "/"}: ${reason}`);
    this.pointer = pointer;
    this.reason = reason;
  }
}

/** Of a domain: what reads its entities' data. */
export type DataCode = Pick<Domain, "reducerCode" | "upcast">;

/**
 * An entity's data as it was stored, by this or an earlier version of the domain's code, as today's takes it:
 * `parse(upcast(data))`, with what the schema does not declare. Pure, and idempotent where `upcast` and the schema are.
 * @returns the same object when there is nothing to change
 * @throws UnreadableData
 */
export function loadData({ reducerCode, upcast }: DataCode, stored: unknown): unknown {
  const data = upcast && isObject(stored) ? upcasted(upcast, stored) : stored;
  const parsed = reducerCode.schema.safeParse(data);
  if (parsed.success) return withUndeclared(data, parsed.data);
  const { path, message } = parsed.error.issues[0] ?? { path: [], message: "can't be read" };
  throw new UnreadableData(path.map((key) => `/${escapePointer(String(key))}`).join(""), message);
}

function upcasted(upcast: NonNullable<Domain["upcast"]>, stored: JsonObject): unknown {
  try {
    return upcast(stored);
  } catch (error) {
    throw new UnreadableData("", `upcast fails: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/**
 * What was parsed, with the keys that its schema does not declare: another version may. Keys keep their order, since an
 * event's bytes can follow from it; those of an object that lacked some have the schema's, as in a new one.
 */
function withUndeclared(given: unknown, parsed: unknown): unknown {
  if (Array.isArray(given) && Array.isArray(parsed)) {
    const items = parsed.map((item, index) => withUndeclared(given[index], item));
    return items.length === given.length && items.every((item, index) => item === given[index]) ? given : items;
  }
  if (!isObject(given) || !isObject(parsed)) return parsed;
  const declared = Object.keys(parsed);
  const isComplete = declared.every((key) => Object.hasOwn(given, key));
  const keys = isComplete ? Object.keys(given) : [...new Set([...declared, ...Object.keys(given)])];
  let isSame = isComplete;
  const entries = keys.map((key) => {
    const value = Object.hasOwn(parsed, key) ? withUndeclared(given[key], parsed[key]) : given[key];
    isSame &&= value === given[key];
    return [key, value] as const;
  });
  return isSame ? given : Object.fromEntries(entries);
}

/** A stored entity as today's code takes it. @throws UnreadableData */
export function loadEntity<Stored extends Entity>(domain: DataCode, entity: Stored): Stored {
  const data = loadData(domain, entity.data);
  return data === entity.data ? entity : { ...entity, data };
}

/** For those who show it: where today's code can't read its data, as it is stored. */
export function shownEntity<Stored extends Entity>(domain: DataCode, entity: Stored): Stored {
  try {
    return loadEntity(domain, entity);
  } catch (error) {
    if (error instanceof UnreadableData) return entity;
    throw error;
  }
}
