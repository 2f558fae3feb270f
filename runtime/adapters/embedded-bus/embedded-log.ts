import { Fault } from "../../core/fault.ts";
import type { BusRecord, ByTopicPartition, LogEnds, OutgoingMessage } from "../../ports/event-bus.ts";
import type { Store } from "../../ports/store.ts";
import { headersFromJson, headersToBytes, headersToJson, type StoredHeaders } from "./stored-headers.ts";
import { deleteRecords, insertRecords, selectEnds, selectExpired, selectPage } from "./embedded-log-sql.ts";

export type LogRecord = Omit<BusRecord, "receivedAtMs">;

interface StoredRecord extends Pick<LogRecord, "offset" | "key" | "value"> {
  readonly headers: StoredHeaders;
  readonly at: Date;
}

/**
 * Topics and their records as rows. Offsets are counted in memory, so a database has one EmbeddedLog, and its caller
 * runs one `append`, `ensureEnds` or `trim` at a time.
 */
export class EmbeddedLog {
  readonly #store: Store;
  readonly #ends = new Map<string, { low: number; high: number }[]>();
  /** The offsets are read again after a failed insert, which may have been written all the same. */
  #mustReloadEnds = false;
  /** The latest time of an append, ms since the epoch. */
  #newestMs = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  /** A broker's time never goes back: when the machine's clock does, the last time is used again. */
  timeOfAppend(wallMs: number): number {
    return (this.#newestMs = Math.max(this.#newestMs, Math.floor(wallMs)));
  }

  /** Topic -> partition count; topics that don't exist are left out. */
  async partitionCounts(topics: readonly string[]): Promise<Map<string, number>> {
    const rows = await this.#store.query<{ topic: string; partitions: number }>(
      "select topic, partitions from rollcall.bus_topic where topic = any($1::text[])",
      [topics],
    );
    return new Map(rows.map(({ topic, partitions }) => [topic, partitions]));
  }

  async create(topics: readonly string[], partitions: number): Promise<void> {
    await this.#store.query(
      "insert into rollcall.bus_topic (topic, partitions) select topic, $2::int from unnest($1::text[]) as t(topic)",
      [topics, partitions],
    );
  }

  /**
   * The ends of these topics; the database is only asked for topics whose offsets are not counted in memory yet.
   * @throws Fault BUS_UNAVAILABLE, retryable: there is no such topic
   */
  async ensureEnds(topics: readonly string[]): Promise<ReadonlyMap<string, readonly LogEnds[]>> {
    const unknown = this.#mustReloadEnds ? [...new Set([...this.#ends.keys(), ...topics])] : this.#missing(topics);
    if (unknown.length > 0) await this.#readEnds(unknown);
    const missing = this.#missing(topics);
    if (missing.length > 0) throw busUnavailable(`no such topic: ${missing.join(", ")}`);
    return new Map(topics.map((topic) => [topic, this.#ends.get(topic) ?? []]));
  }

  #missing(topics: readonly string[]): string[] {
    return topics.filter((topic) => !this.#ends.has(topic));
  }

  async #readEnds(topics: readonly string[]): Promise<void> {
    const rows = await this.#store.query<{ topic: string; low: number | null; high: number | null; at: Date | null }>(
      selectEnds,
      [topics],
    );
    for (const topic of topics) this.#ends.delete(topic);
    for (const { topic, low, high, at } of rows) {
      const ends = this.#ends.get(topic) ?? [];
      ends.push({ low: low ?? 0, high: high ?? 0 });
      this.#ends.set(topic, ends);
      this.#newestMs = Math.max(this.#newestMs, at?.getTime() ?? 0);
    }
    this.#mustReloadEnds = false;
  }

  /** The next offset to be written; 0 for a topic that was never loaded. */
  high(topic: string, partition: number): number {
    return this.#ends.get(topic)?.[partition]?.high ?? 0;
  }

  /** The first offset that is kept; 0 for a topic that was never loaded. */
  low(topic: string, partition: number): number {
    return this.#ends.get(topic)?.[partition]?.low ?? 0;
  }

  /** Appends all or nothing. @throws Fault BUS_UNAVAILABLE, retryable: no such topic or partition */
  async append(messages: readonly OutgoingMessage[], atMs: number): Promise<LogRecord[]> {
    await this.ensureEnds([...new Set(messages.map(({ topic }) => topic))]);
    const next = new Map<string, number>();
    const records = messages.map(({ topic, partition, key, value, headers }): LogRecord => {
      const known = this.#ends.get(topic)?.[partition];
      if (known === undefined) throw busUnavailable(`topic ${topic} has no partition ${partition}`);
      const topicPartition = `${partition} ${topic}`;
      const offset = next.get(topicPartition) ?? known.high;
      next.set(topicPartition, offset + 1);
      return { topic, partition, offset, key, value, headers: headersToBytes(headers), brokerTimeMs: atMs };
    });
    this.#mustReloadEnds = true;
    await this.#store.query(insertRecords, [
      records.map(({ topic }) => topic),
      records.map(({ partition }) => partition),
      records.map(({ offset }) => offset),
      records.map(({ key }) => key),
      records.map(({ value }) => value),
      records.map(({ headers }) => headersToJson(headers)),
      new Date(atMs),
    ]);
    this.#mustReloadEnds = false;
    for (const { topic, partition, offset } of records) {
      const ends = this.#ends.get(topic)?.[partition];
      if (ends !== undefined) ends.high = offset + 1;
    }
    return records;
  }

  /** Records of one partition from an offset on, in order; empty when there are none. */
  async page(topic: string, partition: number, from: number): Promise<LogRecord[]> {
    const rows = await this.#store.query<StoredRecord>(selectPage, [topic, partition, from]);
    return rows.map(({ headers, at, ...record }) => ({
      ...{ topic, partition, ...record },
      headers: headersFromJson(headers),
      brokerTimeMs: at.getTime(),
    }));
  }

  /**
   * Deletes at most about `limit` old records, the oldest of each partition. A domain needs the records from its stored
   * position on, of all topics of which it has stored one or that it reads now. The newest record of a partition always
   * stays, because after a restart its offset tells the next one.
   * @param subscribed what is read now
   * @param age before which a record is deleted that no domain needs, and any record; ms since the epoch
   * @returns how many were deleted
   */
  async trim(
    subscribed: readonly { readonly domain: string; readonly topic: string }[],
    { readBeforeMs, anyBeforeMs }: { readonly readBeforeMs: number; readonly anyBeforeMs: number },
    limit: number,
  ): Promise<number> {
    const expired = await this.#store.query<{ topic: string; partition: number; low: number }>(selectExpired, [
      subscribed.map(({ domain }) => domain),
      subscribed.map(({ topic }) => topic),
      new Date(readBeforeMs),
      new Date(anyBeforeMs),
      limit,
    ]);
    if (expired.length === 0) return 0;
    // Before they are deleted: a reader that gets a page without them recognises it.
    for (const { topic, partition, low } of expired) {
      const ends = this.#ends.get(topic)?.[partition];
      if (ends !== undefined) ends.low = low;
    }
    const deleted = await this.#store.query(deleteRecords, [
      expired.map(({ topic }) => topic),
      expired.map(({ partition }) => partition),
      expired.map(({ low }) => low),
    ]);
    return deleted.length;
  }
}

/** A copy. */
export const endsByPartition = (ends: ReadonlyMap<string, readonly LogEnds[]>): ByTopicPartition<LogEnds> =>
  new Map([...ends].map(([topic, partitions]) => [topic, new Map(partitions.map((of, at) => [at, { ...of }]))]));

export function busUnavailable(message: string, cause?: unknown): Fault {
  return new Fault("BUS_UNAVAILABLE", message, { retryable: true, cause });
}
