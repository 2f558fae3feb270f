import { utcDayOf } from "../core/time.ts";
import { dropLogRows } from "../stored/projection-writes.ts";
import { dropTombstones } from "../stored/tombstones.ts";
import { Purges } from "./purges/purges.ts";
import { repeat, type ShellContext } from "./shell-context.ts";
import { startUnreadableRecheck } from "./turns/unreadable-recheck.ts";

/** What is done from time to time beside the turns. */
export function startHousekeeping(context: ShellContext): void {
  startPruning(context);
  startUnreadableRecheck(context);
  new Purges(context).start();
}

const PRUNE_INTERVAL_MS = 10 * 60_000;

/**
 * Drops, from time to time, the message ids of days that are over for longer than the input topics' retention, since
 * the messages that they could repeat are gone; the tombstones of the domain that are past their day; and rows of logs
 * that are kept no longer.
 */
const startPruning = (context: ShellContext): void =>
  repeat(context, PRUNE_INTERVAL_MS, async () => {
    // A failed run is repeated by the next one: ten minutes later is early enough.
    await prune(context).catch(() => {});
    return PRUNE_INTERVAL_MS;
  });

async function prune({ store, domain, brokerClock, limits, stopping }: ShellContext): Promise<void> {
  const nowMs = brokerClock.nowMs();
  await store.query(`select rollcall.drop_seen_before($1::text::date)`, [utcDayOf(nowMs - limits.seenRetentionMs)]);
  while (!stopping.aborted && (await dropTombstones(store, domain.name, utcDayOf(nowMs))));
  for (const spec of domain.projections)
    while (!stopping.aborted && spec.log && (await dropLogRows(store, spec, nowMs - spec.log.keepMs)));
}
