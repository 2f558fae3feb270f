import { Fault } from "../../core/fault.ts";
import type { Clock } from "../../ports/clock.ts";
import type {
  BusDescription,
  BusListener,
  ByTopicPartition,
  EventBus,
  LogEnds,
  OutgoingMessage,
  TimeLimit,
  WantedTopics,
} from "../../ports/event-bus.ts";
import type { Store } from "../../ports/store.ts";
import { assertMessageSizes, PARTITION_BYTES_MAX, splitIntoCalls } from "../publish-sizes.ts";
import { settleWithin } from "../../ports/settle-within.ts";
import { sharedPartitionCount } from "../shared-partition-count.ts";
import { EmbeddedLogReaders } from "./embedded-log-readers.ts";
import { endsByPartition, EmbeddedLog, busUnavailable } from "./embedded-log.ts";

export interface EmbeddedBusOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Records are kept at least this long, and longer until the subscriber has stored a position after them. */
  readonly retentionMs?: number;
}

const dayMs = 86_400_000;
const closeTimeoutMs = 5_000;
/** Few enough that a publish does not wait noticeably for a sweep. */
const deletedPerSweepMax = 2_000;
const sweepIntervalMs = 60_000;
const catchUpIntervalMs = 500;

/**
 * The bus of one process, in its database. There is no group: every partition is assigned from `subscribe` to `close`.
 * Offsets are counted in memory, so a database has one EmbeddedBus.
 */
export class EmbeddedBus implements EventBus {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: EmbeddedLog;
  readonly #readers: EmbeddedLogReaders;
  readonly #retentionMs: number;
  /** Changes of the log run one after another; this is the last one. */
  #lastChange: Promise<unknown> = Promise.resolve();
  #subscription: { readonly listener: BusListener; readonly partitions: readonly number[] } | undefined;
  /** Topic -> partition -> the position that is stored in the database: records below are not read again. */
  readonly #storedPositions = new Map<string, Map<number, number>>();
  #cancelSweep: () => void = () => {};
  #closed: Promise<void> | undefined;

  constructor({ store, clock, retentionMs = dayMs }: EmbeddedBusOptions) {
    this.#store = store;
    this.#clock = clock;
    this.#log = new EmbeddedLog(store);
    this.#readers = new EmbeddedLogReaders(this.#log, clock);
    this.#retentionMs = retentionMs;
  }

  prepare(topics: WantedTopics): Promise<{ readonly partitions: number }> {
    const wanted = [...new Set([...topics.input, ...topics.output])];
    return this.#runExclusively(async () => {
      const existing = await this.#log.partitionCounts(wanted);
      const partitions = sharedPartitionCount(existing) ?? topics.partitions;
      const missing = wanted.filter((topic) => !existing.has(topic));
      if (missing.length > 0) await this.#log.create(missing, partitions);
      await this.#log.ensureEnds(wanted);
      return { partitions };
    });
  }

  async subscribe(topics: readonly string[], listener: BusListener): Promise<void> {
    const ends = await this.#runExclusively(() => this.#log.ensureEnds(topics));
    const [first = []] = ends.values();
    this.#subscription = { listener, partitions: [...first.keys()] };
    this.#clock.after(0, () => this.#assign());
    for (const topic of topics) this.#storedPositions.set(topic, new Map());
    this.#scheduleSweep(sweepIntervalMs);
  }

  startPartition(partition: number, positions: ReadonlyMap<string, number>): void {
    for (const [topic, offset] of positions) this.#storedPositions.get(topic)?.set(partition, offset);
    this.#readers.start(partition, positions);
  }

  pause(partitions: readonly number[]): void {
    this.#readers.pause(partitions);
  }

  resume(partitions: readonly number[]): void {
    this.#readers.resume(partitions);
  }

  requestReassignment(): void {
    this.#clock.after(0, () => {
      if (this.#subscription === undefined || this.#closed !== undefined) return;
      this.#readers.revoke();
      this.#subscription.listener.onRevoked();
      this.#assign();
    });
  }

  #assign(): void {
    if (this.#subscription === undefined || this.#closed !== undefined) return;
    const { listener, partitions } = this.#subscription;
    this.#readers.assign(listener);
    listener.onAssigned(partitions);
  }

  commitPositionsHint(positions: ByTopicPartition<number>): void {
    for (const [topic, partitions] of positions)
      for (const [partition, offset] of partitions) this.#storedPositions.get(topic)?.set(partition, offset);
  }

  async publish(messages: readonly OutgoingMessage[], { timeoutMs }: TimeLimit) {
    assertMessageSizes(messages);
    return this.#withTimeout(timeoutMs, "publish", async () => {
      const brokerTimeMs = this.#log.timeOfAppend(this.#clock.wallMs());
      for (const call of splitIntoCalls(messages, PARTITION_BYTES_MAX))
        this.#readers.deliverAppended(await this.#log.append(call, brokerTimeMs));
      return { brokerTimeMs, receivedAtMs: this.#clock.monotonicMs() };
    });
  }

  /** Waits for publishes that were called earlier, so that their records are counted. */
  async logEnds(topics: readonly string[], { timeoutMs }: TimeLimit): Promise<ByTopicPartition<LogEnds>> {
    const ends = await this.#withTimeout(timeoutMs, "ends", () => this.#log.ensureEnds(topics));
    // A publish that failed may have been written all the same: its records are delivered now.
    this.#readers.readOutstanding();
    return endsByPartition(ends);
  }

  async describe(topics: readonly string[]): Promise<BusDescription> {
    const [version, counts] = await this.#runExclusively(() =>
      Promise.all([this.#store.version(), this.#log.partitionCounts(topics)]),
    );
    const described = [...counts].map(([topic, partitions]) => ({ topic, partitions, logAppendTime: true }));
    return { kind: "embedded", version, brokers: 1, topics: described };
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#shutDown());
  }

  async #shutDown(): Promise<void> {
    this.#readers.revoke();
    this.#cancelSweep();
    await settleWithin(closeTimeoutMs, this.#lastChange, () => {}, this.#clock);
  }

  #scheduleSweep(delayMs: number): void {
    if (this.#closed === undefined) this.#cancelSweep = this.#clock.after(delayMs, () => void this.#sweep());
  }

  /** Deletes old records, of subscribed topics those that were read and a position after them stored. */
  async #sweep(): Promise<void> {
    const keepFrom = (topic: string, partition: number): number => {
      const positions = this.#storedPositions.get(topic);
      return positions === undefined ? Infinity : (positions.get(partition) ?? 0);
    };
    const olderThanMs = this.#clock.wallMs() - this.#retentionMs;
    // The store fails for its other users too, who report it. Old records can wait.
    const deleted = await this.#runExclusively(() => this.#log.trim(keepFrom, olderThanMs, deletedPerSweepMax)).catch(
      () => 0,
    );
    this.#scheduleSweep(deleted > 0 ? catchUpIntervalMs : sweepIntervalMs);
  }

  async #withTimeout<Result>(timeoutMs: number, what: string, work: () => Promise<Result>): Promise<Result> {
    if (this.#closed !== undefined) throw busUnavailable("the bus is closed");
    const onTimeout = (): never => {
      throw busUnavailable(`no answer to ${what} within ${timeoutMs} ms`);
    };
    return settleWithin(timeoutMs, this.#runExclusively(work), onTimeout, this.#clock);
  }

  #runExclusively<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#lastChange.then(work).catch((error: unknown) => {
      const isStoreFault = error instanceof Fault && /^(STORE|COMMIT)_/.test(error.code);
      throw isStoreFault ? busUnavailable(`the log's database failed: ${error.message}`, error) : error;
    });
    this.#lastChange = done.catch(() => {});
    return done;
  }
}
