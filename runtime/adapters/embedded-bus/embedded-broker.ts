import { Fault } from "../../core/fault.ts";
import type { Clock } from "../../ports/clock.ts";
import type { BusDescription, LogEnds, OutgoingMessage, WantedTopics } from "../../ports/event-bus.ts";
import type { Store } from "../../ports/store.ts";
import { PARTITION_BYTES_MAX, splitIntoCalls } from "../publish-sizes.ts";
import { sharedPartitionCount } from "../shared-partition-count.ts";
import type { EmbeddedLogReaders } from "./embedded-log-readers.ts";
import { busUnavailable, EmbeddedLog } from "./embedded-log.ts";

const dayMs = 86_400_000;
/** How long a record is kept at least, and after it as long as a domain has not read it. */
const retentionMs = dayMs;
/** Then it is deleted in any case: a domain that is not served any more must not keep the log for ever. */
const unreadRetentionMs = 7 * dayMs;
/** Few enough that a publish does not wait noticeably for a sweep. */
const deletedPerSweepMax = 2_000;
const sweepIntervalMs = 60_000;
const catchUpIntervalMs = 500;

interface Subscription {
  readonly domain: string;
  readonly topics: readonly string[];
  readonly readers: EmbeddedLogReaders;
}

/**
 * The log in a database, for the buses of all domains of a process: what one of them appends goes to the readers of
 * all. Offsets are counted in memory, so a database has one EmbeddedBroker. It needs no end of its own: it works while
 * buses are subscribed, and each waits at its close for what was begun.
 */
export class EmbeddedBroker {
  readonly clock: Clock;
  readonly log: EmbeddedLog;
  readonly #store: Store;
  readonly #subscriptions = new Set<Subscription>();
  /** Changes of the log run one after another; this is the last one. It never rejects. */
  #lastChange: Promise<unknown> = Promise.resolve();
  #cancelSweep: () => void = () => {};

  constructor({ store, clock }: { readonly store: Store; readonly clock: Clock }) {
    this.#store = store;
    this.clock = clock;
    this.log = new EmbeddedLog(store);
  }

  /** As `EventBus.prepare`. */
  prepare({ input, output, partitions: wantedCount }: WantedTopics): Promise<{ readonly partitions: number }> {
    const wanted = [...new Set([...input, ...output])];
    return this.#runExclusively(async () => {
      const existing = await this.log.partitionCounts(wanted);
      const partitions = sharedPartitionCount(existing) ?? wantedCount;
      const missing = wanted.filter((topic) => !existing.has(topic));
      if (missing.length > 0) await this.log.create(missing, partitions);
      await this.log.ensureEnds(wanted);
      return { partitions };
    });
  }

  /** What is appended from now on goes to these readers too, until the function returned is called. */
  subscribe(subscription: Subscription): () => void {
    this.#subscriptions.add(subscription);
    if (this.#subscriptions.size === 1) this.#scheduleSweep(sweepIntervalMs);
    return () => {
      this.#subscriptions.delete(subscription);
      if (this.#subscriptions.size === 0) this.#cancelSweep();
    };
  }

  /**
   * @returns the time of the append, ms since the epoch, and each message's offset
   * @throws Fault BUS_UNAVAILABLE, retryable
   */
  append(
    messages: readonly OutgoingMessage[],
  ): Promise<{ readonly atMs: number; readonly offsets: readonly number[] }> {
    return this.#runExclusively(async () => {
      const offsets: number[] = [];
      const atMs = this.log.timeOfAppend(this.clock.wallMs());
      for (const call of splitIntoCalls(messages, PARTITION_BYTES_MAX)) {
        const records = await this.log.append(call, atMs);
        for (const { offset } of records) offsets.push(offset);
        for (const { readers } of this.#subscriptions) readers.deliverAppended(records);
      }
      return { atMs, offsets };
    });
  }

  /** Counts the records of all calls of `append` before. @throws Fault BUS_UNAVAILABLE, retryable */
  ends(topics: readonly string[]): Promise<ReadonlyMap<string, readonly LogEnds[]>> {
    return this.#runExclusively(async () => {
      const ends = await this.log.ensureEnds(topics);
      // An append that failed may have been written all the same: its records are delivered now.
      for (const { readers } of this.#subscriptions) readers.readOutstanding();
      return ends;
    });
  }

  /** As `EventBus.describe`. */
  async describe(topics: readonly string[]): Promise<BusDescription> {
    const [version, counts] = await this.#runExclusively(() =>
      Promise.all([this.#store.version(), this.log.partitionCounts(topics)]),
    );
    const described = [...counts].map(([topic, partitions]) => ({ topic, partitions, logAppendTime: true }));
    return { kind: "embedded", version, brokers: 1, topics: described };
  }

  /** Resolves when every change that was called for has ended. */
  async settled(): Promise<void> {
    await this.#lastChange;
  }

  #scheduleSweep(delayMs: number): void {
    this.#cancelSweep();
    this.#cancelSweep = this.clock.after(delayMs, () => void this.#sweep());
  }

  async #sweep(): Promise<void> {
    const nowMs = this.clock.wallMs();
    const subscribed = [...this.#subscriptions].flatMap(({ domain, topics }) =>
      topics.map((topic) => ({ domain, topic })),
    );
    const age = { readBeforeMs: nowMs - retentionMs, anyBeforeMs: nowMs - unreadRetentionMs };
    // The store fails for its other users too, who report it. Old records can wait.
    const deleted = await this.#runExclusively(() => this.log.trim(subscribed, age, deletedPerSweepMax)).catch(() => 0);
    if (this.#subscriptions.size > 0) this.#scheduleSweep(deleted > 0 ? catchUpIntervalMs : sweepIntervalMs);
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
