/**
 * A batch in rounds: none has two items of one target, and a target's items come in their order. The runtime never puts
 * two intents of one target into a batch; an effect that relied on it could do harm in silence.
 */
export function roundsOfDistinctTargets<Item>(items: readonly Item[], targetOf: (item: Item) => string): Item[][] {
  const rounds: Item[][] = [];
  const roundOfTarget = new Map<string, number>();
  for (const item of items) {
    const target = targetOf(item);
    const round = roundOfTarget.get(target) ?? 0;
    roundOfTarget.set(target, round + 1);
    (rounds[round] ??= []).push(item);
  }
  return rounds;
}
