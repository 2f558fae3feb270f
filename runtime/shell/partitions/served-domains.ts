import { Fault } from "../../core/fault.ts";
import type { Sql, Store } from "../../ports/store.ts";
import { countDeadLetters } from "../../stored/dead-letters.ts";
import { markRetired, SERVED_SECONDS, type ServedPartitions, servedPartitions } from "../../stored/domains.ts";
import { countEntities } from "../../stored/entities.ts";
import { countIntentsByType } from "../../stored/intents.ts";
import { type OperatorDecision, recordOperatorDecision } from "../../stored/operator-decisions.ts";
import { lockPartitions } from "../../stored/partition-owners.ts";

/**
 * @param domain undefined: any
 * @throws Fault STILL_SERVED, not retryable
 */
export async function refuseWhileServed(sql: Sql, domain?: string): Promise<void> {
  const [served] = await servedPartitions(sql, domain);
  if (!served) return;
  throw new Fault(
    "STILL_SERVED",
    `${describeServed(served)}: stop the processes that serve it, and ` +
      `try again when the last has been stopped for ${SERVED_SECONDS} s`,
    { retryable: false },
  );
}

/** As in `parcels was served 2 s ago, by host:pid:...`. */
export const describeServed = ({ domain, owner, secondsAgo }: ServedPartitions): string =>
  `${domain} was served ${secondsAgo} s ago${owner && `, by ${owner}`}`;

/** What a retired domain leaves undone; it goes on with it if it is ever served again. */
export interface LeftBehind {
  readonly entities: number;
  readonly intents: number;
  readonly deadLetters: number;
}

/**
 * Records an operator's decision that a domain is not served any more, so that it is no trouble. All that is stored of
 * it stays: versions and positions that began anew would make backends and readers ignore what comes later.
 * @throws Fault STILL_SERVED, not retryable; Error for a domain that the store does not know
 */
export function retireDomain(
  store: Store,
  domain: string,
  decision: Pick<OperatorDecision, "who" | "reason">,
): Promise<LeftBehind> {
  return store.transaction(async (tx) => {
    // A takeover locks these rows as well: it comes before this, or after it and is no longer retired.
    const partitions = await lockPartitions(tx, domain);
    if (partitions === 0) throw new Error(`the store has no domain ${domain}: rollcall domains lists them`);
    await refuseWhileServed(tx, domain);
    const atMs = await markRetired(tx, domain);
    await recordOperatorDecision(tx, "domains retire", domain, { ...decision, domain, atMs });
    return {
      entities: await countEntities(tx, domain),
      intents: (await countIntentsByType(tx, domain)).reduce((sum, { count }) => sum + count, 0),
      deadLetters: await countDeadLetters(tx, domain),
    };
  });
}
