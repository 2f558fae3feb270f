export interface JsonDifference {
  /** Path of the field, as `decision.events[0].id`. */
  readonly field: string;
  /** Undefined when the field is missing; `replayed` too. */
  readonly recorded: unknown;
  readonly replayed: unknown;
}

const isComposite = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

/** The fields in which two JSON values differ. Another order of keys is a difference of the object. */
export function jsonDifferences(recorded: unknown, replayed: unknown, field: string): JsonDifference[] {
  if (JSON.stringify(recorded) === JSON.stringify(replayed)) return [];
  const comparable =
    isComposite(recorded) && isComposite(replayed) && Array.isArray(recorded) === Array.isArray(replayed);
  if (!comparable) return [{ field, recorded, replayed }];
  const keys = new Set([...Object.keys(recorded), ...Object.keys(replayed)]);
  const found = [...keys].flatMap((key) =>
    jsonDifferences(recorded[key], replayed[key], pathOf(field, key, Array.isArray(recorded))),
  );
  return found.length > 0
    ? found
    : [{ field: `${field} (order of keys)`, recorded: Object.keys(recorded), replayed: Object.keys(replayed) }];
}

const pathOf = (field: string, key: string, isIndex: boolean): string =>
  isIndex ? `${field}[${key}]` : field === "" ? key : `${field}.${key}`;
