/** A field in which two JSON values differ. */
export interface JsonDifference {
  /** Its path, as `payload.endpoints[0]`. */
  readonly field: string;
  /** Undefined when the field is missing; `replayed` too. */
  readonly recorded: unknown;
  readonly replayed: unknown;
}

export const isSameJson = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The fields in which two JSON values differ. Another order of keys is a difference of the object. */
export function jsonDifferences(recorded: unknown, replayed: unknown, field: string): JsonDifference[] {
  if (isSameJson(recorded, replayed)) return [];
  const comparable =
    isComposite(recorded) && isComposite(replayed) && Array.isArray(recorded) === Array.isArray(replayed);
  if (!comparable) return [{ field, recorded, replayed }];
  const keys = [...new Set([...Object.keys(recorded), ...Object.keys(replayed)])];
  const found = keys.flatMap((key) => {
    const path = Array.isArray(recorded) ? `${field}[${key}]` : field === "" ? key : `${field}.${key}`;
    return jsonDifferences(recorded[key], replayed[key], path);
  });
  return found.length > 0
    ? found
    : [{ field: `${field} (order of keys)`, recorded: Object.keys(recorded), replayed: Object.keys(replayed) }];
}

const isComposite = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;
