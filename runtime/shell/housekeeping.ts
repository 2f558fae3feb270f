import { utcDayOf } from "../core/time.ts";
import { dropLogRows } from "../stored/projection-writes.ts";
import { dropTombstones } from "../stored/tombstones.ts";
import { Purges } from "./purges/purges.ts";
import { projectionDifferences } from "./projections/change-projections.ts";
import { finishProjections } from "./projections/finish-projections.ts";
import { repeat, type ShellContext } from "./shell-context.ts";
import { startUnreadableRecheck } from "./turns/unreadable-recheck.ts";

/** What is done from time to time beside the turns. */
export function startHousekeeping(context: ShellContext, onSuperseded: () => void): void {
  startPruning(context);
  startProjections(context, onSuperseded);
  startUnreadableRecheck(context);
  new Purges(context).start();
}

const PROJECTIONS_INTERVAL_MS = 5_000;

/**
 * Does what is left behind a change of projections. A process without partitions, which no turn tells that others are
 * in use, hears it here: it may be one that lists are read from.
 */
function startProjections(context: ShellContext, onSuperseded: () => void): void {
  const { store, domain } = context;
  let hasMore = true;
  repeat(context, 0, async () => {
    try {
      if ((await projectionDifferences(store, domain)).length > 0) onSuperseded();
      else if (hasMore) hasMore = !(await finishProjections(store, domain.name));
    } catch {
      // It is done the next time.
    }
    return PROJECTIONS_INTERVAL_MS;
  });
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
