import { copyOf, type Entity } from "../../core/entity.ts";

/** Then those that nobody asked for since the last time are forgotten. */
const VALUES_MAX = 4_096;
/** As JSON. What is longer is hardly ever another's too; its parts may be. */
const LENGTH_MAX = 256;

/**
 * One copy of what many entities have in common (capabilities, labels, versions): nodes of one service say the same of
 * themselves, and entities are most of what a process keeps in memory.
 */
export class SharedValues {
  #recent = new Map<string, object | string>();
  #before = new Map<string, object | string>();

  /** The same entity, its data in shared parts. */
  entityOf(entity: Entity): Entity {
    const copy = copyOf(entity);
    copy.data = isObject(entity.data) ? this.#inParts(entity.data) : entity.data;
    return copy;
  }

  /** Equal to the value; the same for equal ones, unless too many others came in between. */
  #of(value: unknown): unknown {
    if (typeof value !== "string" && !isObject(value)) return value;
    const key = JSON.stringify(value);
    if (key.length > LENGTH_MAX) return isObject(value) ? this.#inParts(value) : value;
    const recent = this.#recent.get(key);
    if (recent !== undefined) return recent;
    // Frozen: whoever changed it would change others' data.
    const known = this.#before.get(key) ?? (isObject(value) ? Object.freeze(this.#inParts(value)) : value);
    if (this.#recent.size >= VALUES_MAX) [this.#before, this.#recent] = [this.#recent, new Map()];
    this.#recent.set(key, known);
    return known;
  }

  #inParts(value: object): object {
    if (Array.isArray(value)) return value.map((each) => this.#of(each));
    // A spread keeps the compact layout that the object has.
    const copy: Record<string, unknown> = { ...value };
    for (const name of Object.keys(copy)) if (name !== "__proto__") copy[name] = this.#of(copy[name]);
    return copy;
  }
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
