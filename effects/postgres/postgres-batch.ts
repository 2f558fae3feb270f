import { type Outcome, done, failed } from "../../runtime/core/effect.ts";
import type { Fault } from "../../runtime/core/fault.ts";
import { writeIsolatingRefused } from "../isolate-refused.ts";
import { roundsOfDistinctTargets } from "../distinct-target-rounds.ts";

/** What the outcomes of the Postgres effects may carry. */
export const POSTGRES_FAULTS = ["POSTGRES_REFUSED", "UNAVAILABLE"] as const;

/** One statement for a batch: a statement can't write a row twice, so one for each round of distinct targets. */
export async function writeInOneStatement<Item extends { readonly target: string }>(
  intents: readonly Item[],
  write: (intents: readonly Item[]) => Promise<unknown>,
  signal: AbortSignal,
  success: (intent: Item) => Outcome = () => done(),
): Promise<readonly Outcome[]> {
  const faults = new Map<Item, Fault | undefined>();
  for (const round of roundsOfDistinctTargets(intents, ({ target }) => target)) {
    const writeAll = async (part: readonly Item[]): Promise<void> => void (await write(part));
    const faultsOfRound = await writeIsolatingRefused(round, writeAll, "POSTGRES_REFUSED", signal);
    round.forEach((intent, index) => faults.set(intent, faultsOfRound[index]));
  }
  return intents.map((intent) => {
    const fault = faults.get(intent);
    return fault === undefined ? success(intent) : failed(fault);
  });
}
