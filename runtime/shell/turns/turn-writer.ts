import { Fault } from "../../core/fault.ts";
import type { Sql } from "../../ports/store.ts";
import type { Partition } from "../partitions/partition.ts";
import { backOffMs, sleep, type ShellContext } from "../shell-context.ts";
import { entityStatements, seenStatements } from "./entity-writes.ts";
import { intentStatements, journalStatements } from "./journal-writes.ts";
import { multiRow } from "./multi-row.ts";
import type { PartitionCursors, TurnPlan } from "./turn-plan.ts";

const POSITIONS = multiRow<{ readonly topic: string; readonly partition: number; readonly offset: number }>(2, [
  ["topic", "text", ({ topic }) => topic],
  ["partition", "int", ({ partition }) => partition],
  ["next_offset", "bigint", ({ offset }) => offset],
]);
const CURSORS = multiRow<PartitionCursors>(3, [
  ["partition", "int", ({ partition }) => partition.number],
  ["next_seq", "bigint", ({ nextSeq }) => nextSeq],
  ["published_seq", "bigint", ({ publishedSeq }) => publishedSeq],
]);

/** Thrown inside the transaction when a partition has a newer epoch: nothing of the turn may be written. */
export class PartitionsLost extends Error {
  readonly partitions: readonly Partition[];
  constructor(partitions: readonly Partition[]) {
    super(`partitions ${partitions.map(({ number }) => number).join(", ")} have another owner`);
    this.partitions = partitions;
  }
}

/** Writes each turn in one transaction, fenced by the partitions' epochs. */
export class TurnWriter {
  readonly #context: ShellContext;

  constructor(context: ShellContext) {
    this.#context = context;
  }

  /**
   * @throws PartitionsLost: nothing was written
   * @throws Fault STORE_UNAVAILABLE, retryable; STORE_REFUSED, not retryable: nothing was written
   */
  async commit(plan: TurnPlan, turnId: string): Promise<void> {
    try {
      await this.#context.store.transaction((tx) => this.#write(tx, plan, turnId));
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== "COMMIT_UNKNOWN") throw error;
      if (!(await this.#wasCommitted(plan, turnId)))
        throw new Fault("STORE_UNAVAILABLE", "the commit did not arrive", { retryable: true, cause: error });
    }
  }

  /**
   * Asks the store until it answers, since a turn that was committed must not run again. The locking read waits for a
   * COMMIT that the server is still working on. Rows of partitions that another process owns by now may name its turn.
   * @throws PartitionsLost: all partitions have another owner by now, so whether it was committed is not known
   */
  async #wasCommitted(plan: TurnPlan, turnId: string): Promise<boolean> {
    const { store, clock, observe } = this.#context;
    const partitions = [...plan.cursors.keys()];
    for (let failures = 0; partitions.some(({ isLost }) => !isLost);) {
      try {
        const rows = await store.transaction((tx) => this.#lockPartitions(tx, partitions));
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

  #lockPartitions(
    tx: Sql,
    partitions: readonly Partition[],
  ): Promise<{ partition: number; epoch: number; turn_id: string }[]> {
    return tx.query(
      `select partition, epoch, turn_id from rollcall.partition_owner
        where domain = $1 and partition = any($2::int[]) order by partition for update`,
      [this.#context.domain.name, partitions.map(({ number }) => number)],
    );
  }

  async #write(tx: Sql, plan: TurnPlan, turnId: string): Promise<void> {
    const { domain, clock, failpoint } = this.#context;
    const partitions = [...plan.cursors.keys()];
    const epochs = new Map((await this.#lockPartitions(tx, partitions)).map((row) => [row.partition, row.epoch]));
    const lost = partitions.filter(({ number, epoch }) => epochs.get(number) !== epoch);
    if (lost.length > 0) throw new PartitionsLost(lost);
    // All statements are sent without awaiting their answers, then COMMIT: one round trip for all of them.
    const writes = [
      ...entityStatements(tx, domain.name, plan),
      ...seenStatements(tx, plan),
      ...journalStatements(tx, domain, plan),
      ...intentStatements(tx, domain, plan),
      ...this.#positionStatements(tx, plan, turnId),
    ];
    // COMMIT throws the error of a failed statement, so the statement's own rejection is handled.
    for (const write of writes) write.catch(() => {});
    failpoint("C2");
    if (plan.deadLetters.length > 0) failpoint("C12");
    // Passed after the COMMIT that follows was sent, and before its answer is read.
    void clock.afterIo().then(() => failpoint("C3"));
  }

  *#positionStatements(tx: Sql, plan: TurnPlan, turnId: string): Iterable<Promise<unknown>> {
    const domain = this.#context.domain.name;
    const cursors = [...plan.cursors.values()];
    const positions = cursors.flatMap(({ partition, positions }) =>
      [...positions].map(([topic, offset]) => ({ topic, partition: partition.number, offset })),
    );
    if (positions.length > 0)
      yield tx.query(
        `insert into rollcall.source_offset (domain, ${POSITIONS.names}) select $1, r.* from ${POSITIONS.table}
         on conflict (domain, topic, partition) do update set next_offset = excluded.next_offset`,
        [domain, ...POSITIONS.parameters(positions)],
      );
    yield tx.query(
      `update rollcall.partition_owner o
          set turn_id = $2, next_seq = r.next_seq, published_seq = r.published_seq from ${CURSORS.table}
        where o.domain = $1 and o.partition = r.partition`,
      [domain, turnId, ...CURSORS.parameters(cursors)],
    );
  }
}
