import { utcDayOf } from "../../core/time.ts";
import { repeat, type ShellContext } from "../shell-context.ts";

const PRUNE_INTERVAL_MS = 10 * 60_000;

/**
 * Drops, from time to time, the message ids of days that are over for longer than the input topics' retention: the
 * messages that they could repeat are gone.
 */
export const startSeenPruning = (context: ShellContext): void =>
  repeat(context, PRUNE_INTERVAL_MS, async () => {
    // A failed run is repeated by the next one: ten minutes later is early enough.
    await pruneSeen(context).catch(() => {});
    return PRUNE_INTERVAL_MS;
  });

async function pruneSeen({ store, brokerClock, limits }: ShellContext): Promise<void> {
  const kept = utcDayOf(brokerClock.nowMs() - limits.seenRetentionMs);
  await store.query(`select rollcall.drop_seen_before($1::text::date)`, [kept]);
}
