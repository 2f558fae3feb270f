import { Fault } from "../../core/fault.ts";
import type { Sql } from "../../ports/store.ts";
import type { Partition } from "../partitions/partition.ts";
import { backOffMs, sleep, type ShellContext } from "../shell-context.ts";
import type { TurnPlan } from "./turn-plan.ts";
import { sendTurn } from "./turn-statements.ts";

/** Thrown inside the transaction when a partition has a newer epoch: nothing of the turn may be written. */
export class PartitionsLost extends Error {
  readonly partitions: readonly Partition[];
  constructor(partitions: readonly Partition[]) {
    super(`partitions ${partitions.map(({ number }) => number).join(", ")} have another owner`);
    this.partitions = partitions;
  }
}

/**
 * Writes a turn in one transaction, fenced by the partitions' epochs.
 * @throws PartitionsLost: nothing was written
 * @throws Fault STORE_UNAVAILABLE, retryable; STORE_REFUSED, not retryable: nothing was written
 */
export async function commitTurn(context: ShellContext, plan: TurnPlan, turnId: string): Promise<void> {
  try {
    await context.store.transaction((tx) => writeTurn(context, tx, plan, turnId));
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "COMMIT_UNKNOWN") throw error;
    if (!(await wasCommitted(context, [...plan.cursors.keys()], turnId)))
      throw new Fault("STORE_UNAVAILABLE", "the commit did not arrive", { retryable: true, cause: error });
  }
}

/**
 * Asks the store until it answers, since a turn that was committed must not run again. The locking read waits for a
 * COMMIT that the server is still working on. Rows of partitions that another process owns by now may name its turn.
 * @throws PartitionsLost: all partitions have another owner by now, so whether it was committed is not known
 */
async function wasCommitted(context: ShellContext, partitions: readonly Partition[], turnId: string): Promise<boolean> {
  const { store, clock, observe } = context;
  for (let failures = 0; partitions.some(({ isLost }) => !isLost);) {
    try {
      const rows = await store.transaction((tx) => lockPartitions(context, tx, partitions));
      if (rows.some((row) => row.turn_id === turnId)) return true;
      const epochs = new Map(rows.map((row) => [row.partition, row.epoch]));
      if (partitions.some(({ number, epoch }) => epochs.get(number) === epoch)) return false;
      break;
    } catch (error) {
      if (!(error instanceof Fault) || !error.retryable) throw error;
      observe({ kind: "unreachable", part: "store", error: String(error) });
      await sleep(clock, backOffMs(++failures));
    }
  }
  throw new PartitionsLost(partitions);
}

/** Until the transaction ends no turn of theirs is committed, and no other process takes them over. */
export const lockPartitions = ({ domain }: ShellContext, tx: Sql, partitions: readonly Partition[]) =>
  tx.query<{ partition: number; epoch: number; turn_id: string }>(
    `select partition, epoch, turn_id from rollcall.partition_owner
      where domain = $1 and partition = any($2::int[]) order by partition for update`,
    [domain.name, partitions.map(({ number }) => number)],
  );

async function writeTurn(context: ShellContext, tx: Sql, plan: TurnPlan, turnId: string): Promise<void> {
  const { domain, clock, failpoint } = context;
  const partitions = [...plan.cursors.keys()];
  const rows = await lockPartitions(context, tx, partitions);
  const epochs = new Map(rows.map((row) => [row.partition, row.epoch]));
  const lost = partitions.filter(({ number, epoch }) => epochs.get(number) !== epoch);
  if (lost.length > 0) throw new PartitionsLost(lost);
  // All statements are sent without awaiting their answers, then COMMIT: one round trip for all of them. COMMIT throws
  // the error of a failed statement, so the statement's own rejection is handled.
  for (const write of sendTurn(tx, domain, plan, turnId)) write.catch(() => {});
  failpoint("C2");
  if (plan.deadLetters.length > 0) failpoint("C12");
  // Passed after the COMMIT that follows was sent, and before its answer is read.
  void clock.afterIo().then(() => failpoint("C3"));
}
