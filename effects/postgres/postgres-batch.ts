import { type Outcome, done, failed } from "../../runtime/core/effect.ts";
import { writeIsolatingRefused } from "../isolate-refused.ts";

/** Codes of the faults that the Postgres effects return. */
export const POSTGRES_FAULTS = ["POSTGRES_REFUSED", "UNAVAILABLE"] as const;

/** Writes a batch with one statement; intents whose data is refused get POSTGRES_REFUSED, the others are written. */
export async function writeInOneStatement<Item>(
  intents: readonly Item[],
  write: (intents: readonly Item[]) => Promise<unknown>,
  signal: AbortSignal,
  success: (intent: Item) => Outcome = () => done(),
): Promise<readonly Outcome[]> {
  const faults = await writeIsolatingRefused(intents, write, "POSTGRES_REFUSED", signal);
  return intents.map((intent, index) => {
    const fault = faults[index];
    return fault === undefined ? success(intent) : failed(fault);
  });
}
