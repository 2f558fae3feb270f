import { repeat, type ShellContext } from "../shell-context.ts";

const PRUNE_INTERVAL_MS = 10 * 60_000;
/** Small enough that no turn waits long for the rows' locks, also after a long outage. */
const ROWS_PER_DELETE_MAX = 10_000;

/**
 * Deletes, from time to time, message ids that are older than the input topics' retention: the messages that they could
 * repeat are gone.
 */
export const startSeenPruning = (context: ShellContext): void =>
  repeat(context, PRUNE_INTERVAL_MS, async () => {
    // A failed run is repeated by the next one: ten minutes later is early enough.
    await pruneSeen(context).catch(() => {});
    return PRUNE_INTERVAL_MS;
  });

async function pruneSeen({ store, brokerClock, limits }: ShellContext): Promise<void> {
  const before = new Date(brokerClock.nowMs() - limits.seenRetentionMs);
  for (let deleted = ROWS_PER_DELETE_MAX; deleted === ROWS_PER_DELETE_MAX;) {
    const rows = await store.query(
      `delete from rollcall.seen
        where key in (select key from rollcall.seen where at < $1 limit ${ROWS_PER_DELETE_MAX}) returning 1`,
      [before],
    );
    deleted = rows.length;
  }
}
