/** Everything that can be reached from the starts, themselves included, nearest first. */
export function closureOf<Item>(starts: Iterable<Item>, next: (item: Item) => Iterable<Item>): ReadonlySet<Item> {
  const reached = new Set(starts);
  // The loop also visits what is added to the set while it runs.
  for (const item of reached) for (const each of next(item)) reached.add(each);
  return reached;
}
