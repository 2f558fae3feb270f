import { purgeAt, retentionOf } from "../../core/retention.ts";
import { readPurgeTimes, writePurgeTimes } from "../../stored/purges.ts";
import type { Partition } from "../partitions/partition.ts";
import type { ShellContext } from "../shell-context.ts";
import { lockPartitions } from "../turns/turn-writer.ts";

/** Entities that are read, and corrected, at a time. */
const PAGE_SIZE = 1_000;

/**
 * Writes anew when a partition's entities may be purged, after a contract has changed that. Turns go on meanwhile: each
 * page is a short transaction of its own, fenced as a turn is. One that is cut short begins again with the next owner.
 */
export async function applyRetention(context: ShellContext, partition: Partition): Promise<void> {
  const { store, domain, stopping } = context;
  const retention = retentionOf(domain);
  for (let after = ""; !stopping.aborted && !partition.isLost;) {
    const page = await readPurgeTimes(store, domain.name, partition.number, after, PAGE_SIZE);
    const changed = page.flatMap((each) => {
      const at = purgeAt(domain, each.state, each.stateSince);
      return at === each.purgeAt ? [] : [{ ...each, purgeAt: at }];
    });
    const isLast = page.length < PAGE_SIZE;
    if (changed.length > 0 || isLast)
      await store.transaction(async (tx) => {
        const [owner] = await lockPartitions(context, tx, [partition]);
        if (owner?.epoch !== partition.epoch) return;
        if (changed.length > 0) await writePurgeTimes(tx, domain.name, partition.number, changed);
        if (!isLast) return;
        await tx.query(`update rollcall.partition_owner set retention = $3 where domain = $1 and partition = $2`, [
          domain.name,
          partition.number,
          retention,
        ]);
        partition.retention = retention;
      });
    if (isLast) return;
    after = page.at(-1)?.id ?? "";
  }
}
