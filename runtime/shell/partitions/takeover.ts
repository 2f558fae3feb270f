import { Fault } from "../../core/fault.ts";
import type { ByTopicPartition, LogEnds } from "../../ports/event-bus.ts";
import { contractInForce } from "../../stored/contract-sets.ts";
import { hasTombstones } from "../../stored/tombstones.ts";
import { readParkedIntents, type StoredIntent } from "../../stored/intents.ts";
import { ContractsSuperseded, supersedes } from "../contract-in-force.ts";
import { groupBy } from "../group-by.ts";
import { projectionDifferences, ProjectionsSuperseded } from "../projections/change-projections.ts";
import type { ShellContext } from "../shell-context.ts";
import { sideBySide } from "../side-by-side.ts";
import { topicsOf } from "../topics.ts";
import { Partition } from "./partition.ts";
import { markServedSql } from "./service-monitor.ts";
import { READERS, readUnfinished, type Unfinished } from "./unfinished.ts";

interface PartitionOwnerRow {
  readonly partition: number;
  readonly epoch: number;
  readonly next_seq: number;
  readonly published_seq: number;
  readonly pending_seq: number;
  readonly retention: string | null;
  readonly resumed_for_ms: number | null;
  readonly store_time_ms: number;
}

/**
 * Creates the rows of the domain's partitions, if they are not there.
 * @throws Fault PARTITIONS_CHANGED, not retryable: the topics have another partition count than the store
 */
export async function preparePartitions({ store, domain, partitionCount }: ShellContext): Promise<void> {
  const [known] = await store.query<{ count: number }>(
    `select count(*)::int as count from rollcall.partition_owner where domain = $1`,
    [domain.name],
  );
  if (known && known.count > 0 && known.count !== partitionCount)
    throw new Fault(
      "PARTITIONS_CHANGED",
      `the topics of ${domain.name} (${topicsOf(domain).input.join(", ")}) ` +
        `have ${partitionCount} partitions, the store knows ${known.count}: entities would change their partition`,
      { retryable: false },
    );
  await store.query(
    `insert into rollcall.partition_owner (domain, partition, epoch, owner, next_seq, published_seq, pending_seq,
       served_at)
     select $1, p, 0, '', 1, 0, 1, now() from generate_series(0, $2::int - 1) as p on conflict do nothing`,
    [domain.name, partitionCount],
  );
}

export const isSuperseded = (error: unknown): boolean =>
  error instanceof ContractsSuperseded || error instanceof ProjectionsSuperseded;

/** What the new owner of partitions resumes. */
export type Takeover = Awaited<ReturnType<typeof takeOver>>;

/**
 * Makes this process the owner of partitions, then reads what the last owner left. The epochs are raised in one
 * transaction before anything is read: after it no turn of the last owner can be committed, so what is read is final.
 * @throws ContractsSuperseded when other contracts are in force, ProjectionsSuperseded when the store has other
 * projections: nothing was taken over
 */
export async function takeOver(context: ShellContext, numbers: readonly number[], logEnds: ByTopicPartition<LogEnds>) {
  if (numbers.length === 0) return { started: [], refused: [], intents: [], deadlines: [], unpublished: [] };
  const { store, domain, brokerClock, limits, partitionCount } = context;
  const owned = await raiseEpochs(context, numbers);
  // Until a record tells the broker's time.
  if (owned[0]) brokerClock.guessTime(owned[0].store_time_ms);
  const offsets = groupBy(
    await store.query<{ topic: string; partition: number; next_offset: number }>(
      `select topic, partition, next_offset from rollcall.source_offset
        where domain = $1 and partition = any($2::int[])`,
      [domain.name, numbers],
    ),
    ({ partition }) => partition,
  );
  const tombstones = domain.tombstoneMs !== undefined || (await hasTombstones(store, domain.name));
  const starts = owned.map((row) => {
    const stored = new Map(offsets.get(row.partition)?.map(({ topic, next_offset }) => [topic, next_offset]));
    const { positions, gaps, refusalReason } = startPositions(context, row.partition, stored, logEnds);
    const partition = new Partition({
      number: row.partition,
      epoch: row.epoch,
      nextSeq: row.next_seq,
      publishedSeq: row.published_seq,
      positions,
      entitiesMax: Math.max(1, Math.floor(limits.entitiesMax / partitionCount)),
    });
    partition.retention = row.retention;
    partition.hasTombstones = tombstones;
    return { partition, pendingSeq: row.pending_seq, gaps, refusalReason, servedForMs: row.resumed_for_ms };
  });
  const parked = groupBy(await readParkedIntents(store, domain.name, numbers), ({ partition }) => partition);
  const left = await sideBySide(starts, READERS, async (start) => {
    const unfinished = start.refusalReason ?? (await resume(context, start, parked.get(start.partition.number) ?? []));
    return { ...start, unfinished };
  });
  const refused = left.flatMap(({ unfinished }) => (typeof unfinished === "string" ? [unfinished] : []));
  const started = left.flatMap(({ unfinished, ...start }) =>
    typeof unfinished === "string" ? [] : [{ ...start, unfinished }],
  );
  return {
    /** `servedForMs`: since the last time it went unserved for more than 3 s; null: that has never happened. */
    started,
    /** Why partitions must not be served, one text for each. */
    refused,
    intents: started.flatMap(({ unfinished }) => unfinished.intents),
    unpublished: started.flatMap(({ unfinished }) => unfinished.unpublished),
    deadlines: started.flatMap(({ unfinished }) => unfinished.deadlines),
  };
}

/** @returns why the partition must not be served, when its journal is damaged: the others are */
async function resume(
  context: ShellContext,
  { partition, pendingSeq }: { readonly partition: Partition; readonly pendingSeq: number },
  parked: readonly StoredIntent[],
): Promise<Unfinished | string> {
  try {
    const unfinished = await readUnfinished(context, partition, pendingSeq, parked);
    partition.outgoingSeq = unfinished.unpublished.at(-1)?.seq ?? 0;
    return unfinished;
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "JOURNAL_DAMAGED") throw error;
    return error.message;
  }
}

function raiseEpochs(
  { store, domain, owner, confirmTakeover }: ShellContext,
  numbers: readonly number[],
): Promise<PartitionOwnerRow[]> {
  return store.transaction(async (tx) => {
    const rows = await tx.query<PartitionOwnerRow>(
      `update rollcall.partition_owner o set epoch = o.epoch + 1, owner = $3, contract_hash = $4, ${markServedSql()}
         from (select partition, extract(epoch from now()) * 1000 as store_time_ms
                 from rollcall.partition_owner where domain = $1 and partition = any($2::int[])
                order by partition for update) as locked
        where o.domain = $1 and o.partition = locked.partition
       returning o.partition, o.epoch, o.next_seq, o.published_seq, o.pending_seq, o.retention,
         (extract(epoch from clock_timestamp() - o.resumed_at) * 1000)::float8 as resumed_for_ms,
         locked.store_time_ms::float8 as store_time_ms`,
      [domain.name, numbers, owner, domain.contractHash],
    );
    // Read after the rows are locked: a change of contracts locks them too, so it is either visible here or waits.
    const inForce = await contractInForce(tx, domain.name);
    if (supersedes(inForce, domain)) throw new ContractsSuperseded(inForce);
    const differences = await projectionDifferences(tx, domain);
    if (differences.length > 0) throw new ProjectionsSuperseded(differences);
    await confirmTakeover(tx);
    return rows;
  });
}

/**
 * Where to begin to read a partition, by the stored offsets and by what the log still has.
 * @returns `gaps`: offsets that were deleted from the log before they were read; `refusalReason`: why the partition
 * must not be read: a stored offset is above the log's end, so this is another log
 */
function startPositions(
  { domain }: ShellContext,
  partition: number,
  stored: ReadonlyMap<string, number>,
  ends: ByTopicPartition<LogEnds>,
) {
  const positions = new Map<string, number>();
  const gaps: { readonly topic: string; readonly from: number; readonly to: number }[] = [];
  let refusalReason: string | undefined;
  for (const topic of topicsOf(domain).input) {
    const { low, high } = ends.get(topic)?.get(partition) ?? { low: 0, high: 0 };
    const offset = stored.get(topic) ?? low;
    if (offset > high)
      refusalReason ??=
        `${topic} partition ${partition} ends at ${high} but ${offset} was read before: not the log ` +
        `that was known; \`rollcall offsets reset\` decides`;
    if (offset < low) gaps.push({ topic, from: offset, to: low });
    positions.set(topic, Math.max(offset, low));
  }
  return { positions, gaps, refusalReason };
}
