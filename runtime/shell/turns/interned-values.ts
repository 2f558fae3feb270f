import { mutableCopyOf, type Entity } from "../../core/entity.ts";

/** When so many values are kept, those that were not used since the last time are forgotten. */
const VALUES_MAX = 4_096;
/** Longer values are rarely equal to others, but their parts may be. Length as JSON. */
const JSON_LENGTH_MAX = 256;
const JSON_OF_OBJECT = /^[[{]/;

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
    // A text is its own key. One that could be taken for that of an object is left as it is.
    if (typeof value === "string") return JSON_OF_OBJECT.test(value) ? value : this.#internOne(value, value);
    return isObject(value) ? this.#internOne(value, JSON.stringify(value)) : value;
  }

  #internOne(value: object | string, key: string): object | string {
    if (key.length > JSON_LENGTH_MAX) return isObject(value) ? this.#internParts(value, key) : value;
    const recent = this.#recent.get(key);
    if (recent !== undefined) return recent;
    // Frozen, because other entities share it.
    const known = this.#previous.get(key) ?? (isObject(value) ? Object.freeze(this.#internParts(value, key)) : value);
    if (this.#recent.size >= VALUES_MAX) [this.#previous, this.#recent] = [this.#recent, new Map()];
    this.#recent.set(key, known);
    return known;
  }

  /** @param text the value as JSON, where it is known */
  #internParts(value: object, text?: string): object {
    if (Array.isArray(value)) return value.map((each) => this.#intern(each));
    // An object that is read has room for exactly what it has; one that grew, or a copy of it, up to a half more.
    const copy = (text === undefined ? { ...value } : JSON.parse(text)) as Record<string, unknown>;
    for (const name of Object.keys(copy))
      if (name !== "__proto__") copy[name] = this.#intern((value as Record<string, unknown>)[name]);
    return copy;
  }
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
