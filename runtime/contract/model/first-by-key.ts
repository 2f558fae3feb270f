/** Values by key; of those with the same key the first: a second declaration is reported as such (RC109). */
export function firstByKey<Value>(pairs: Iterable<readonly [string, Value]>): ReadonlyMap<string, Value> {
  const found = new Map<string, Value>();
  for (const [key, value] of pairs) if (!found.has(key)) found.set(key, value);
  return found;
}

/** The items without repeats, in order: alike are those whose JSON is. */
export const uniqueItems = <Item>(items: readonly Item[]): Item[] => [
  ...new Map(items.map((item) => [JSON.stringify(item), item])).values(),
];
