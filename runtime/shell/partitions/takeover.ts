import type { Domain } from "../../core/domain.ts";
import type { Attempt } from "../../core/entity.ts";
import type { ArmedDeadline } from "../../core/handler.ts";
import { Fault } from "../../core/fault.ts";
import type { Intent } from "../../core/intent.ts";
import type { Payload } from "../../core/message.ts";
import { headersOfEncodedEvent } from "../../core/envelope.ts";
import { partitionOf } from "../../core/murmur2.ts";
import type { ByTopicPartition, LogEnds } from "../../ports/event-bus.ts";
import type { Store } from "../../ports/store.ts";
import type { BrokerClock } from "../deadlines/broker-clock.ts";
import { Partition } from "./partition.ts";
import { contractInForce, ContractsSuperseded } from "../contract-in-force.ts";
import type { ShellContext } from "../shell-context.ts";
import { MARK_SERVED_SQL } from "./service-monitor.ts";
import type { OutboxEntry } from "../publisher.ts";

export interface ResumedDeadlines {
  readonly entityId: string;
  readonly attemptId: string;
  readonly correlationId: string;
  readonly deadlines: Readonly<Record<string, ArmedDeadline>>;
}

/** What a partition's new owner resumes. */
export interface ResumedPartition {
  readonly partition: Partition;
  /** How long it has been served again without interruption; null when it never was unserved for more than 3 s. */
  readonly servedForMs: number | null;
  readonly intents: readonly Intent[];
  readonly unpublished: readonly OutboxEntry[];
  readonly deadlines: readonly ResumedDeadlines[];
  /** Topics whose log lost records that were never taken in. */
  readonly gaps: readonly { readonly topic: string; readonly from: number; readonly to: number }[];
  /** Set when the stored offset is above the log's end: not the log that we knew. Nothing else was loaded then. */
  readonly refused?: string;
}

/** Makes this process the owner of partitions: bumps their epochs, then loads what the last owner left. */
export class Takeover {
  readonly #store: Store;
  readonly #domain: Domain;
  readonly #owner: string;
  readonly #brokerClock: BrokerClock;
  readonly #entitiesMax: number;

  constructor({ store, domain, owner, brokerClock, limits }: ShellContext) {
    this.#store = store;
    this.#domain = domain;
    this.#owner = owner;
    this.#brokerClock = brokerClock;
    this.#entitiesMax = limits.entitiesMax;
  }

  /**
   * Rows for all partitions of the domain, once.
   * @throws Fault PARTITIONS_CHANGED, not retryable: the topics have another partition count than the tables
   */
  async prepare(partitions: number): Promise<void> {
    const [known] = await this.#store.query<{ count: number }>(
      `select count(*)::int as count from rollcall.partition_owner where domain = $1`,
      [this.#domain.name],
    );
    if (known && known.count > 0 && known.count !== partitions)
      throw new Fault(
        "PARTITIONS_CHANGED",
        `the topics of ${this.#domain.name} (${this.#domain.consumed.map(({ topic }) => topic).join(", ")}) ` +
          `have ${partitions} partitions, the store knows ${known.count}: entities would change their partition`,
        { retryable: false },
      );
    await this.#store.query(
      `insert into rollcall.partition_owner (domain, partition, epoch, owner, next_seq, published_seq, served_at)
       select $1, p, 0, '', 1, 0, now() from generate_series(0, $2::int - 1) as p on conflict do nothing`,
      [this.#domain.name, partitions],
    );
  }

  /**
   * One transaction for the epochs, committed before anything is read: from then on the last owner's turns fail.
   * @throws Superseded when other contracts are in force: nothing was taken over
   */
  async takeOver(
    numbers: readonly number[],
    ends: ByTopicPartition<LogEnds>,
    partitions: number,
  ): Promise<ResumedPartition[]> {
    if (numbers.length === 0) return [];
    const owned = await this.#store.transaction(async (tx) => {
      const rows = await tx.query<PartitionOwnerRow>(
        `update rollcall.partition_owner o set epoch = o.epoch + 1, owner = $3, contract_hash = $4, ${MARK_SERVED_SQL}
           from (select partition, extract(epoch from now()) * 1000 as store_time_ms
                   from rollcall.partition_owner where domain = $1 and partition = any($2::int[])
                  order by partition for update) as before
          where o.domain = $1 and o.partition = before.partition
         returning o.partition, o.epoch, o.next_seq, o.published_seq,
           (extract(epoch from clock_timestamp() - o.resumed_at) * 1000)::float8 as resumed_for_ms,
           before.store_time_ms::float8 as store_time_ms`,
        [this.#domain.name, numbers, this.#owner, this.#domain.contractHash],
      );
      // Behind the rows' locks, which a change of contracts takes too.
      const inForce = await contractInForce(tx, this.#domain.name);
      if (inForce && inForce.hash !== this.#domain.contractHash) throw new ContractsSuperseded(inForce.hash);
      return rows;
    });
    for (const { store_time_ms } of owned.slice(0, 1)) this.#brokerClock.guessTime(store_time_ms);
    const positions = await this.#positions(numbers);
    const intents = await this.#intents(numbers);
    const deadlines = await this.#deadlines(numbers);
    const unpublished = await this.#outbox(owned, partitions);
    return owned.map((row) => {
      const start = startPositions(this.#domain, row.partition, positions.get(row.partition) ?? new Map(), ends);
      const partition = new Partition({
        number: row.partition,
        epoch: row.epoch,
        nextSeq: row.next_seq,
        publishedSeq: row.published_seq,
        positions: start.positions,
        entitiesMax: Math.max(1, Math.floor(this.#entitiesMax / partitions)),
      });
      return {
        partition,
        servedForMs: row.resumed_for_ms,
        intents: intents.get(row.partition) ?? [],
        deadlines: deadlines.get(row.partition) ?? [],
        unpublished: (unpublished.get(row.partition) ?? []).map((entry) => ({ ...entry, partition })),
        gaps: start.gaps,
        ...(start.refused !== undefined && { refused: start.refused }),
      };
    });
  }

  async #positions(numbers: readonly number[]): Promise<Map<number, Map<string, number>>> {
    const rows = await this.#store.query<{ topic: string; partition: number; next_offset: number }>(
      "select topic, partition, next_offset from rollcall.source_offset where domain = $1 and partition = " +
        "any($2::int[])",
      [this.#domain.name, numbers],
    );
    const found = new Map<number, Map<string, number>>();
    for (const { topic, partition, next_offset } of rows)
      getOrCreate(found, partition, () => new Map()).set(topic, next_offset);
    return found;
  }

  async #intents(numbers: readonly number[]): Promise<Map<number, Intent[]>> {
    const rows = await this.#store.query<StoredIntentRow>(
      `select partition, id, entity_id, attempt_id, type, target, version, correlation_id, payload,
              traceparent
         from rollcall.intent where domain = $1 and partition = any($2::int[]) order by partition, seq`,
      [this.#domain.name, numbers],
    );
    const found = new Map<number, Intent[]>();
    for (const row of rows)
      getOrCreate(found, row.partition, () => []).push({
        id: row.id,
        entityId: row.entity_id,
        attemptId: row.attempt_id,
        type: row.type,
        target: row.target,
        version: row.version,
        correlationId: row.correlation_id,
        payload: row.payload,
        ...(row.traceparent !== null && { traceparent: row.traceparent }),
      });
    return found;
  }

  async #deadlines(numbers: readonly number[]): Promise<Map<number, ResumedDeadlines[]>> {
    const rows = await this.#store.query<{
      partition: number;
      entity_id: string;
      attempt: Attempt;
      deadlines: Record<string, ArmedDeadline>;
    }>(
      `select partition, entity_id, attempt, deadlines from rollcall.entity
        where domain = $1 and partition = any($2::int[]) and deadlines::text <> '{}'`,
      [this.#domain.name, numbers],
    );
    const found = new Map<number, ResumedDeadlines[]>();
    for (const { partition, entity_id: entityId, attempt, deadlines } of rows)
      getOrCreate(found, partition, () => []).push({
        entityId,
        attemptId: attempt.id,
        correlationId: attempt.correlationIds[0] ?? "",
        deadlines,
      });
    return found;
  }

  async #outbox(
    owned: readonly PartitionOwnerRow[],
    partitions: number,
  ): Promise<Map<number, Omit<OutboxEntry, "partition">[]>> {
    const rows = await this.#store.query<OutboxRow>(
      `select j.partition, j.seq, j.kind, j.type, j.message_id, j.entity_id, j.attempt_id, j.correlation_id, j.topic,
              j.key, j.value, j.headers
         from rollcall.journal j
         join unnest($2::int[], $3::bigint[]) as c(partition, published_seq) on c.partition = j.partition
        where j.domain = $1 and j.seq > c.published_seq and j.topic is not null order by j.partition, j.seq`,
      [this.#domain.name, owned.map((row) => row.partition), owned.map((row) => row.published_seq)],
    );
    const found = new Map<number, Omit<OutboxEntry, "partition">[]>();
    for (const row of rows) {
      const repartitioned = row.kind === "repartitioned" && row.entity_id !== null;
      getOrCreate(found, row.partition, () => []).push({
        seq: row.seq,
        outgoing: {
          topic: row.topic,
          partition: repartitioned ? partitionOf(row.entity_id as string, partitions) : row.partition,
          key: row.key,
          value: row.value,
          headers: headersOfRow(row),
        },
        ...(row.kind === "event" && {
          event: {
            id: row.message_id,
            type: row.type,
            entityId: row.entity_id ?? "",
            attemptId: row.attempt_id,
            correlationId: row.correlation_id,
          },
        }),
      });
    }
    return found;
  }
}

/** Where reading begins, by what is stored and what the log still has. */
function startPositions(
  domain: Domain,
  partition: number,
  storedOffsets: ReadonlyMap<string, number>,
  ends: ByTopicPartition<LogEnds>,
): { positions: Map<string, number>; gaps: ResumedPartition["gaps"]; refused?: string } {
  const positions = new Map<string, number>();
  const gaps: { topic: string; from: number; to: number }[] = [];
  for (const { topic } of domain.consumed) {
    const end = ends.get(topic)?.get(partition) ?? { low: 0, high: 0 };
    const storedOffset = storedOffsets.get(topic);
    if (storedOffset !== undefined && storedOffset > end.high)
      return {
        positions,
        gaps,
        refused:
          `${topic} partition ${partition} ends at ${end.high} but ${storedOffset} was read before: not the log ` +
          `that was known; \`rollcall offsets reset\` decides`,
      };
    if (storedOffset !== undefined && storedOffset < end.low) gaps.push({ topic, from: storedOffset, to: end.low });
    positions.set(topic, Math.max(storedOffset ?? end.low, end.low));
  }
  return { positions, gaps };
}

function getOrCreate<Key, Value>(map: Map<Key, Value>, key: Key, create: () => Value): Value {
  const found = map.get(key);
  if (found !== undefined) return found;
  const created = create();
  map.set(key, created);
  return created;
}

const headersOfRow = ({ kind, value, headers }: OutboxRow): Readonly<Record<string, string>> =>
  kind === "event" ? headersOfEncodedEvent(value?.toString() ?? "{}", headers?.["traceparent"]) : (headers ?? {});

interface PartitionOwnerRow {
  readonly partition: number;
  readonly epoch: number;
  readonly next_seq: number;
  readonly published_seq: number;
  readonly resumed_for_ms: number | null;
  readonly store_time_ms: number;
}
interface StoredIntentRow {
  readonly partition: number;
  readonly id: string;
  readonly entity_id: string;
  readonly attempt_id: string;
  readonly type: string;
  readonly target: string;
  readonly version: number;
  readonly correlation_id: string;
  readonly payload: Payload;
  readonly traceparent: string | null;
}
interface OutboxRow {
  readonly partition: number;
  readonly seq: number;
  readonly kind: string;
  readonly type: string;
  readonly message_id: string;
  readonly entity_id: string | null;
  readonly attempt_id: string;
  readonly correlation_id: string;
  readonly topic: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>> | null;
}
