/** Items by their key; of those with the same key the first: a second declaration is reported as such (RC109). */
export function firstByKey<Item, Value>(
  items: Iterable<Item>,
  key: (item: Item) => string,
  value: (item: Item) => Value,
): ReadonlyMap<string, Value> {
  const found = new Map<string, Value>();
  for (const item of items) if (!found.has(key(item))) found.set(key(item), value(item));
  return found;
}

export const itself = <Item>(item: Item): Item => item;

/** The items without repeats, in order: alike are those whose JSON is. */
export const uniqueItems = <Item>(items: readonly Item[]): Item[] => [
  ...new Map(items.map((item) => [JSON.stringify(item), item])).values(),
];
