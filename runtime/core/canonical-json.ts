/** A value as JSON, the keys of each object in one order: the same content gives the same text. Undefined is null. */
export const canonicalJson = (value: unknown): string => JSON.stringify(value ?? null, sortKeys);

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}
