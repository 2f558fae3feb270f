import type { BusListener } from "../../ports/event-bus.ts";
import type { Clock } from "../../ports/clock.ts";
import type { LogRecord, EmbeddedLog } from "./embedded-log.ts";

interface Reader {
  readonly topic: string;
  readonly partition: number;
  /** The next offset to deliver. */
  position: number;
  /** One loop at a time reads for it. */
  reading: boolean;
}

const retryMs = 1_000;

/**
 * The position of each reader. A reader at the log's end gets appended records from memory, at once; any other one
 * reads the table page by page until it is there. A record is delivered only when its offset is the reader's position,
 * so there is no gap and no repeat between the two ways.
 */
export class EmbeddedLogReaders {
  readonly #log: EmbeddedLog;
  readonly #clock: Clock;
  /** Undefined while nothing is assigned. */
  #listener: BusListener | undefined;
  readonly #paused = new Set<number>();
  readonly #readers = new Map<string, Reader>();
  readonly #onGap: () => void;

  /** @param onGap records were deleted before a reader got them; no reader continues before the next `start` */
  constructor(log: EmbeddedLog, clock: Clock, onGap: () => void) {
    this.#log = log;
    this.#clock = clock;
    this.#onGap = onGap;
  }

  assign(listener: BusListener): void {
    this.revoke();
    this.#listener = listener;
  }

  revoke(): void {
    this.#listener = undefined;
    this.#readers.clear();
    this.#paused.clear();
  }

  start(partition: number, positions: ReadonlyMap<string, number>): void {
    if (this.#listener === undefined) return;
    this.#paused.delete(partition);
    for (const [topic, position] of positions)
      this.#readers.set(keyOf({ topic, partition }), { topic, partition, position, reading: false });
    this.readOutstanding();
  }

  pause(partitions: readonly number[]): void {
    for (const partition of partitions) this.#paused.add(partition);
  }

  resume(partitions: readonly number[]): void {
    for (const partition of partitions) this.#paused.delete(partition);
    this.readOutstanding();
  }

  deliverAppended(records: readonly LogRecord[]): void {
    const atHead = records.filter((record) => {
      const reader = this.#readers.get(keyOf(record));
      if (reader?.position !== record.offset || this.#paused.has(record.partition)) return false;
      reader.position = record.offset + 1;
      return true;
    });
    this.#deliver(atHead);
    this.readOutstanding();
  }

  /** Starts every reader whose position is below the log's known end. */
  readOutstanding(): void {
    for (const reader of this.#readers.values())
      if (!reader.reading && this.#isBehind(reader)) void this.#catchUp(reader);
  }

  /** False also for a reader that `start` has replaced. */
  #isBehind(reader: Reader): boolean {
    const { topic, partition, position } = reader;
    if (this.#paused.has(partition) || this.#readers.get(keyOf(reader)) !== reader) return false;
    return position < this.#log.high(topic, partition);
  }

  async #catchUp(reader: Reader): Promise<void> {
    reader.reading = true;
    while (this.#isBehind(reader)) {
      const high = this.#log.high(reader.topic, reader.partition);
      const page = await this.#log.page(reader.topic, reader.partition, reader.position).catch(() => undefined);
      // Paused or replaced meanwhile: the page is read again after `resume`, or by the new reader.
      if (!this.#isBehind(reader)) break;
      if (page === undefined) {
        await this.#wait(retryMs);
        continue;
      }
      if (reader.position < this.#log.low(reader.topic, reader.partition)) {
        this.#readers.clear();
        return this.#onGap();
      }
      // An empty page: the records up to the end were deleted.
      reader.position = (page.at(-1)?.offset ?? high - 1) + 1;
      this.#deliver(page);
      // PGlite answers within the same pass of the event loop, so a long backlog would block everything else.
      await this.#wait(0);
    }
    reader.reading = false;
  }

  #deliver(records: readonly LogRecord[]): void {
    if (records.length === 0) return;
    const listener = this.#listener;
    const receivedAtMs = this.#clock.monotonicMs();
    try {
      listener?.onRecords(records.map((record) => ({ ...record, receivedAtMs })));
    } catch (error) {
      // Whoever published them may be another domain: it is not at fault.
      listener?.onFailure(error);
    }
  }

  #wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.#clock.after(delayMs, resolve));
  }
}

const keyOf = ({ topic, partition }: Pick<LogRecord, "topic" | "partition">): string => `${partition} ${topic}`;
