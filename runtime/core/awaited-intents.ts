import type { Domain } from "./domain.ts";
import { type Attempt, withAwaiting } from "./entity.ts";
import type { Intent } from "./intent.ts";

// A document's life is one attempt, so what it awaits is kept by target: of each the youngest intent, if its effect
// answers, until it has an outcome. Then the outcome of one that is not awaited any more is that of an older one.

/** The attempt of a document after it asked for intents. */
export function awaitAsked({ effects }: Domain, attempt: Attempt, intents: readonly Intent[]): Attempt {
  if (intents.length === 0) return attempt;
  const { targets = [] } = attempt;
  const idByTarget = new Map(attempt.awaiting.map((id, index) => [targets[index] ?? "", id]));
  for (const { id, type, target } of intents) {
    idByTarget.delete(target);
    if ((effects.get(type)?.outputEvents.length ?? 0) > 0) idByTarget.set(target, id);
  }
  return withTargets(attempt, idByTarget);
}

/** The attempt of a document after an intent of it has ended. */
export function awaitNoLonger(attempt: Attempt, intentId: string | undefined): Attempt {
  const { awaiting, targets = [] } = attempt;
  const left = awaiting.flatMap((id, index) => (id === intentId ? [] : [[targets[index] ?? "", id] as const]));
  return withTargets(attempt, new Map(left));
}

const withTargets = (attempt: Attempt, idByTarget: ReadonlyMap<string, string>): Attempt => ({
  ...withAwaiting(attempt, [...idByTarget.values()]),
  targets: [...idByTarget.keys()],
});
