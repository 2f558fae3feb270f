import { mutableCopyOf, type Entity } from "../../core/entity.ts";

/** When so many values are kept, those that were not used since the last time are forgotten. */
const VALUES_MAX = 4_096;
/** Longer values are rarely equal to others, but their parts may be. Length as JSON. */
const JSON_LENGTH_MAX = 256;

/**
 * Keeps one copy of values that many entities share, such as capabilities, labels and versions. Entities are most of
 * what a process keeps in memory.
 */
export class InternedValues {
  #recent = new Map<string, object | string>();
  #previous = new Map<string, object | string>();

  /** A copy of the entity whose data consists of shared values. */
  internEntity(entity: Entity): Entity {
    const copy = mutableCopyOf(entity);
    copy.data = isObject(entity.data) ? this.#internParts(entity.data) : entity.data;
    return copy;
  }

  /** @returns an equal value; the same object for equal values, unless too many others came in between */
  #intern(value: unknown): unknown {
    if (typeof value !== "string" && !isObject(value)) return value;
    const key = JSON.stringify(value);
    if (key.length > JSON_LENGTH_MAX) return isObject(value) ? this.#internParts(value) : value;
    const recent = this.#recent.get(key);
    if (recent !== undefined) return recent;
    // Frozen, because other entities share it.
    const known = this.#previous.get(key) ?? (isObject(value) ? Object.freeze(this.#internParts(value)) : value);
    if (this.#recent.size >= VALUES_MAX) [this.#previous, this.#recent] = [this.#recent, new Map()];
    this.#recent.set(key, known);
    return known;
  }

  #internParts(value: object): object {
    if (Array.isArray(value)) return value.map((each) => this.#intern(each));
    // A spread keeps the object's compact memory layout.
    const copy: Record<string, unknown> = { ...value };
    for (const name of Object.keys(copy)) if (name !== "__proto__") copy[name] = this.#intern(copy[name]);
    return copy;
  }
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
