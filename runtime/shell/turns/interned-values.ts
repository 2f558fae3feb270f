import { mutableCopyOf, type Entity } from "../../core/entity.ts";

/** Then those that nobody asked for since the last time are forgotten. */
const VALUES_MAX = 4_096;
/** As JSON. What is longer is hardly ever another's too; its parts may be. */
const JSON_LENGTH_MAX = 256;

/**
 * One copy of what many entities have in common (capabilities, labels, versions): nodes of one service say the same of
 * themselves, and entities are most of what a process keeps in memory.
 */
export class InternedValues {
  #recent = new Map<string, object | string>();
  #previous = new Map<string, object | string>();

  /** The same entity, its data in shared parts. */
  internEntity(entity: Entity): Entity {
    const copy = mutableCopyOf(entity);
    copy.data = isObject(entity.data) ? this.#internParts(entity.data) : entity.data;
    return copy;
  }

  /** Equal to the value; the same for equal ones, unless too many others came in between. */
  #intern(value: unknown): unknown {
    if (typeof value !== "string" && !isObject(value)) return value;
    const key = JSON.stringify(value);
    if (key.length > JSON_LENGTH_MAX) return isObject(value) ? this.#internParts(value) : value;
    const recent = this.#recent.get(key);
    if (recent !== undefined) return recent;
    // Frozen: whoever changed it would change others' data.
    const known = this.#previous.get(key) ?? (isObject(value) ? Object.freeze(this.#internParts(value)) : value);
    if (this.#recent.size >= VALUES_MAX) [this.#previous, this.#recent] = [this.#recent, new Map()];
    this.#recent.set(key, known);
    return known;
  }

  #internParts(value: object): object {
    if (Array.isArray(value)) return value.map((each) => this.#intern(each));
    // A spread keeps the compact layout that the object has.
    const copy: Record<string, unknown> = { ...value };
    for (const name of Object.keys(copy)) if (name !== "__proto__") copy[name] = this.#intern(copy[name]);
    return copy;
  }
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
