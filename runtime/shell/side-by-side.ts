/**
 * What `work` makes of each item, in their order, with so many under way at a time. After a failure none is begun.
 * @throws the first failure
 */
export async function sideBySide<Item, Result>(
  items: readonly Item[],
  atOnceMax: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  // A loop that fails ends the generator for the others too, which an array's own iterator does not.
  const left = (function* () {
    yield* items.entries();
  })();
  const lane = async (): Promise<void> => {
    for (const [index, item] of left) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnceMax, items.length) }, lane));
  return results;
}
