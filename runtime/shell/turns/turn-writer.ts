import { Fault } from "../../core/fault.ts";
import type { Sql } from "../../ports/store.ts";
import { columnParameters, entityStatements } from "./entity-writes.ts";
import { backOffMs, sleep, type ShellContext } from "../shell-context.ts";
import type { Partition } from "../partitions/partition.ts";
import type { TurnPlan } from "./turn-plan.ts";
import type { NewJournalRow } from "./turn-rows.ts";

/** Thrown inside the transaction when a partition's epoch is another's: nothing of the turn may be written. */
export class PartitionsLost extends Error {
  readonly partitions: readonly Partition[];
  constructor(partitions: readonly Partition[]) {
    super(`partitions ${partitions.map(({ number }) => number).join(", ")} have another owner`);
    this.partitions = partitions;
  }
}

/** Writes turns: one transaction each, fenced by the partitions' epochs. */
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
   * Asks until it is known: a turn that is run again blindly is run twice. The locking read waits for a commit that is
   * still under way on the server. A row that another process has taken over since may name that one's turn.
   * @throws PartitionsLost: all are another's by now, who knows what was committed
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
    const partitions = [...plan.cursors.keys()];
    const epochs = new Map((await this.#lockPartitions(tx, partitions)).map((row) => [row.partition, row.epoch]));
    const lost = partitions.filter(({ number, epoch }) => epochs.get(number) !== epoch);
    if (lost.length > 0) throw new PartitionsLost(lost);
    // Sent one behind the other without waiting for the answers, COMMIT last: one round trip for all of them.
    const writes = [
      ...entityStatements(tx, this.#context.domain.name, plan),
      ...this.#journalStatements(tx, plan),
      ...this.#intentStatements(tx, plan),
      ...this.#positionStatements(tx, plan, turnId),
    ];
    // COMMIT throws what one of them says: that is no rejection which nobody hears.
    for (const write of writes) write.catch(() => {});
    const { clock, failpoint } = this.#context;
    failpoint("C2");
    if (plan.deadLetters.length > 0) failpoint("C12");
    // Runs when the COMMIT that follows was sent and nobody has read its answer.
    void clock.afterIo().then(() => failpoint("C3"));
  }

  *#journalStatements(tx: Sql, plan: TurnPlan): Iterable<Promise<unknown>> {
    const domain = this.#context.domain.name;
    if (plan.journal.length > 0)
      yield tx.query(
        `insert into rollcall.journal (domain, contract_hash, at, partition, seq, kind, entity_id, type, message_id,
           correlation_id, attempt_id, body, topic, key, value, headers)
         select $1, $2, $3::timestamptz, partition, seq, kind, entity_id, type, message_id, correlation_id, attempt_id,
           body, topic, coalesce(key, convert_to(key_text, 'UTF8')), coalesce(value, convert_to(value_text, 'UTF8')),
           headers
         from unnest($4::int[], $5::bigint[], $6::text[], $7::text[], $8::text[],
           $9::uuid[], $10::uuid[], $11::uuid[], $12::json[], $13::text[], $14::bytea[], $15::bytea[], $16::json[],
           $17::text[], $18::text[])
           as r(partition, seq, kind, entity_id, type, message_id, correlation_id, attempt_id, body, topic, key, value,
             headers, key_text, value_text)`,
        [
          domain,
          this.#context.domain.contractHash,
          new Date(plan.atMs),
          ...columnParameters(
            plan.journal,
            (row) => row.partition.number,
            (row) => row.seq,
            (row) => row.kind,
            (row) => row.entityId,
            (row) => row.type,
            (row) => row.messageId,
            (row) => row.correlationId,
            (row) => row.attemptId,
            (row) => row.body,
            (row) => row.outgoing?.topic ?? null,
            // To PGlite bytes travel as hex, twice as long: what was text to begin with goes as text.
            (row) => (row.eventText ? null : (row.outgoing?.key ?? null)),
            (row) => (row.eventText ? null : (row.outgoing?.value ?? null)),
            (row) => storedHeaders(row),
            (row) => row.eventText?.key ?? null,
            (row) => row.eventText?.value ?? null,
          ),
        ],
      );
    if (plan.deadLetters.length > 0)
      yield tx.query(
        `insert into rollcall.dead_letter (domain, at, id, topic, partition, "offset", error_code, error, key, value,
           value_bytes, headers)
         select $1, $2::timestamptz, r.* from unnest($3::uuid[], $4::text[], $5::int[], $6::bigint[], $7::text[],
           $8::text[], $9::bytea[], $10::bytea[], $11::int[], $12::json[]) as r
         on conflict do nothing`,
        [
          domain,
          new Date(plan.atMs),
          ...columnParameters(
            plan.deadLetters,
            (row) => row.id,
            (row) => row.item.record.topic,
            (row) => row.item.record.partition,
            (row) => row.item.record.offset,
            (row) => row.code,
            (row) => row.error,
            (row) => row.item.record.key,
            (row) => row.value,
            (row) => row.item.record.value?.length ?? 0,
            (row) => row.headers,
          ),
        ],
      );
  }

  *#intentStatements(tx: Sql, plan: TurnPlan): Iterable<Promise<unknown>> {
    if (plan.settled.length > 0)
      yield tx.query(`delete from rollcall.intent where id = any($1::uuid[])`, [
        plan.settled.map(({ intent }) => intent.id),
      ]);
    if (plan.intents.length > 0)
      yield tx.query(
        `insert into rollcall.intent (domain, created_at, partition, seq, id, entity_id, attempt_id, type, target,
           version, correlation_id, payload, traceparent)
         select $1, $2::timestamptz, r.* from unnest($3::int[], $4::bigint[], $5::uuid[], $6::text[], $7::uuid[],
           $8::text[], $9::text[], $10::bigint[], $11::uuid[], $12::json[], $13::text[]) as r`,
        [
          this.#context.domain.name,
          new Date(plan.atMs),
          ...columnParameters(
            plan.intents,
            ({ partition }) => partition.number,
            ({ seq }) => seq,
            ({ intent }) => intent.id,
            ({ intent }) => intent.entityId,
            ({ intent }) => intent.attemptId,
            ({ intent }) => intent.type,
            ({ intent }) => intent.target,
            ({ intent }) => intent.version,
            ({ intent }) => intent.correlationId,
            ({ payload }) => payload,
            ({ intent }) => intent.traceparent ?? null,
          ),
        ],
      );
  }

  *#positionStatements(tx: Sql, plan: TurnPlan, turnId: string): Iterable<Promise<unknown>> {
    const shares = [...plan.cursors.values()];
    const positions = shares.flatMap((share) =>
      [...share.positions].map(([topic, offset]) => ({ topic, partition: share.partition.number, offset })),
    );
    if (positions.length > 0)
      yield tx.query(
        `insert into rollcall.source_offset (domain, topic, partition, next_offset)
         select $1, r.* from unnest($2::text[], $3::int[], $4::bigint[]) as r
         on conflict (domain, topic, partition) do update set next_offset = excluded.next_offset`,
        [
          this.#context.domain.name,
          ...columnParameters(
            positions,
            (p) => p.topic,
            (p) => p.partition,
            (p) => p.offset,
          ),
        ],
      );
    yield tx.query(
      `update rollcall.partition_owner o
          set turn_id = $2, next_seq = r.next_seq, published_seq = r.published_seq
         from unnest($3::int[], $4::bigint[], $5::bigint[]) as r(partition, next_seq, published_seq)
        where o.domain = $1 and o.partition = r.partition`,
      [
        this.#context.domain.name,
        turnId,
        ...columnParameters(
          shares,
          (s) => s.partition.number,
          (s) => s.nextSeq,
          (s) => s.publishedSeq,
        ),
      ],
    );
  }
}

/** Of an event only what its value does not say. */
function storedHeaders({ eventText, outgoing }: NewJournalRow): string | null {
  if (eventText)
    return eventText.traceparent === undefined ? null : JSON.stringify({ traceparent: eventText.traceparent });
  if (!outgoing) return null;
  return JSON.stringify(
    Object.fromEntries(Object.entries(outgoing.headers).map(([name, value]) => [name, value.toString()])),
  );
}
