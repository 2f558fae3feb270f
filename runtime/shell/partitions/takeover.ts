import { Fault } from "../../core/fault.ts";
import type { Intent } from "../../core/intent.ts";
import type { ByTopicPartition, LogEnds } from "../../ports/event-bus.ts";
import { contractInForce, ContractsSuperseded } from "../contract-in-force.ts";
import type { OutboxEntry } from "../publisher.ts";
import type { ShellContext } from "../shell-context.ts";
import { Partition } from "./partition.ts";
import { MARK_SERVED_SQL } from "./service-monitor.ts";
import { type LogGap, startPositions } from "./start-positions.ts";
import { readDeadlines, readIntents, readOutbox, readPositions, type StoredDeadlines } from "./stored-partitions.ts";

/** What the new owner of a partition resumes. */
export interface ResumedPartition {
  readonly partition: Partition;
  /** Ms since the last time it went unserved for more than 3 s; null: that has never happened. */
  readonly servedForMs: number | null;
  readonly intents: readonly Intent[];
  readonly unpublished: readonly OutboxEntry[];
  readonly deadlines: readonly StoredDeadlines[];
  readonly gaps: readonly LogGap[];
  /** Why the partition must not be served. */
  readonly refusalReason?: string | undefined;
}

interface PartitionOwnerRow {
  readonly partition: number;
  readonly epoch: number;
  readonly next_seq: number;
  readonly published_seq: number;
  readonly resumed_for_ms: number | null;
  readonly store_time_ms: number;
}

/** Makes this process the owner of partitions: raises their epochs, then loads what the last owner left. */
export class Takeover {
  readonly #context: ShellContext;

  constructor(context: ShellContext) {
    this.#context = context;
  }

  /**
   * Creates the rows of the domain's partitions, if they are not there.
   * @throws Fault PARTITIONS_CHANGED, not retryable: the topics have another partition count than the store
   */
  async prepare(partitionCount: number): Promise<void> {
    const { store, domain } = this.#context;
    const [known] = await store.query<{ count: number }>(
      `select count(*)::int as count from rollcall.partition_owner where domain = $1`,
      [domain.name],
    );
    if (known && known.count > 0 && known.count !== partitionCount)
      throw new Fault(
        "PARTITIONS_CHANGED",
        `the topics of ${domain.name} (${domain.consumed.map(({ topic }) => topic).join(", ")}) ` +
          `have ${partitionCount} partitions, the store knows ${known.count}: entities would change their partition`,
        { retryable: false },
      );
    await store.query(
      `insert into rollcall.partition_owner (domain, partition, epoch, owner, next_seq, published_seq, served_at)
       select $1, p, 0, '', 1, 0, now() from generate_series(0, $2::int - 1) as p on conflict do nothing`,
      [domain.name, partitionCount],
    );
  }

  /**
   * Raises the epochs in one transaction before anything is read: after it no turn of the last owner can be committed,
   * so what is read is final.
   * @throws ContractsSuperseded when other contracts are in force: nothing was taken over
   */
  async takeOver(
    partitionNumbers: readonly number[],
    logEnds: ByTopicPartition<LogEnds>,
    partitionCount: number,
  ): Promise<ResumedPartition[]> {
    if (partitionNumbers.length === 0) return [];
    const { store, domain, brokerClock, limits } = this.#context;
    const owned = await this.#raiseEpochs(partitionNumbers);
    // Until a record tells the broker's time.
    if (owned[0]) brokerClock.guessTime(owned[0].store_time_ms);
    const positions = await readPositions(store, domain.name, partitionNumbers);
    const intents = await readIntents(store, domain.name, partitionNumbers);
    const deadlines = await readDeadlines(store, domain.name, partitionNumbers);
    const unpublished = await readOutbox(store, domain.name, owned, partitionCount);
    return owned.map((row) => {
      const start = startPositions(domain, row.partition, positions.get(row.partition) ?? new Map(), logEnds);
      const partition = new Partition({
        number: row.partition,
        epoch: row.epoch,
        nextSeq: row.next_seq,
        publishedSeq: row.published_seq,
        positions: start.positions,
        entitiesMax: Math.max(1, Math.floor(limits.entitiesMax / partitionCount)),
      });
      return {
        partition,
        servedForMs: row.resumed_for_ms,
        intents: intents.get(row.partition) ?? [],
        deadlines: deadlines.get(row.partition) ?? [],
        unpublished: (unpublished.get(row.partition) ?? []).map((entry) => ({ ...entry, partition })),
        gaps: start.gaps,
        refused: start.refusalReason,
      };
    });
  }

  #raiseEpochs(partitionNumbers: readonly number[]): Promise<PartitionOwnerRow[]> {
    const { store, domain, owner } = this.#context;
    return store.transaction(async (tx) => {
      const rows = await tx.query<PartitionOwnerRow>(
        `update rollcall.partition_owner o set epoch = o.epoch + 1, owner = $3, contract_hash = $4, ${MARK_SERVED_SQL}
           from (select partition, extract(epoch from now()) * 1000 as store_time_ms
                   from rollcall.partition_owner where domain = $1 and partition = any($2::int[])
                  order by partition for update) as locked
          where o.domain = $1 and o.partition = locked.partition
         returning o.partition, o.epoch, o.next_seq, o.published_seq,
           (extract(epoch from clock_timestamp() - o.resumed_at) * 1000)::float8 as resumed_for_ms,
           locked.store_time_ms::float8 as store_time_ms`,
        [domain.name, partitionNumbers, owner, domain.contractHash],
      );
      // Read after the rows are locked: a change of contracts locks them too, so it is either visible here or waits.
      const inForce = await contractInForce(tx, domain.name);
      if (inForce && inForce.hash !== domain.contractHash) throw new ContractsSuperseded(inForce.hash);
      return rows;
    });
  }
}
