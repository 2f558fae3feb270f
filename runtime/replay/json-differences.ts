export interface JsonDifference {
  /** Path of the field, as `decision.events[0].id`. */
  readonly field: string;
  /** Undefined: not there. */
  readonly recorded: unknown;
  readonly cameOut: unknown;
}

const isComposite = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

/** Where two JSON values differ, field by field, in order; keys in another order are a difference of the whole. */
export function jsonDifferences(recorded: unknown, cameOut: unknown, field: string): JsonDifference[] {
  if (JSON.stringify(recorded) === JSON.stringify(cameOut)) return [];
  const comparable =
    isComposite(recorded) && isComposite(cameOut) && Array.isArray(recorded) === Array.isArray(cameOut);
  if (!comparable) return [{ field, recorded, cameOut }];
  const keys = new Set([...Object.keys(recorded), ...Object.keys(cameOut)]);
  const found = [...keys].flatMap((key) =>
    jsonDifferences(recorded[key], cameOut[key], pathOf(field, key, Array.isArray(recorded))),
  );
  return found.length > 0
    ? found
    : [{ field: `${field} (order of keys)`, recorded: Object.keys(recorded), cameOut: Object.keys(cameOut) }];
}

const pathOf = (field: string, key: string, isIndex: boolean): string =>
  isIndex ? `${field}[${key}]` : field === "" ? key : `${field}.${key}`;
