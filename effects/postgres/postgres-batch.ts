import { type Outcome, done, refused } from "../../runtime/core/effect.ts";
import type { Fault } from "../../runtime/core/fault.ts";
import { isolateRefused } from "../isolate-refused.ts";
import { roundsOf } from "../distinct-target-rounds.ts";

/** What the outcomes of the Postgres effects may carry. */
export const POSTGRES_FAULTS = ["POSTGRES_REFUSED", "UNAVAILABLE"] as const;

/** One statement for a batch: a statement can't write a row twice, so one for each round of distinct targets. */
export async function inOneStatement<Item extends { readonly target: string }>(
  intents: readonly Item[],
  write: (intents: readonly Item[]) => Promise<unknown>,
  signal: AbortSignal,
  success: (intent: Item) => Outcome = () => done(),
): Promise<readonly Outcome[]> {
  const faults = new Map<Item, Fault | undefined>();
  for (const round of roundsOf(intents, ({ target }) => target)) {
    const writeAll = async (part: readonly Item[]): Promise<void> => void (await write(part));
    const ends = await isolateRefused(round, writeAll, "POSTGRES_REFUSED", signal);
    round.forEach((intent, index) => faults.set(intent, ends[index]));
  }
  return intents.map((intent) => {
    const fault = faults.get(intent);
    return fault === undefined ? success(intent) : refused(fault);
  });
}
