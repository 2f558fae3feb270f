import { randomUUID } from "node:crypto";
import { KafkaBus } from "../../../runtime/adapters/kafka/kafka-bus.ts";
import type { KafkaBusOptions } from "../../../runtime/adapters/kafka/kafka-client.ts";
import { SystemClock } from "../../../runtime/adapters/system-clock.ts";
import type { BusRecord, EventBus, OutgoingMessage } from "../../../runtime/ports/event-bus.ts";
import { RecordingListener } from "../bus-listener.ts";

export const patience = { timeoutMs: 30_000 };
export const unique = (name: string): string => `${name}-${randomUUID()}`;
export const clock = new SystemClock();

export function kafkaBus(brokers: string, options: Partial<KafkaBusOptions> = {}): KafkaBus {
  return new KafkaBus({ brokers: brokers.split(","), clientId: "test", groupId: unique("group"), clock, ...options });
}

export const message = (topic: string, partition: number, value: string | Buffer): OutgoingMessage => ({
  topic,
  partition,
  key: Buffer.from("key"),
  value: Buffer.from(value),
  headers: {},
});

/** All records that are in the log now, read by another bus. */
export async function readAll(brokers: string, topics: readonly string[]): Promise<readonly BusRecord[]> {
  const bus = kafkaBus(brokers);
  try {
    const ends = await bus.logEnds(topics, patience);
    const count = [...ends.values()]
      .flatMap((of) => [...of.values()])
      .reduce((sum, { low, high }) => sum + high - low, 0);
    const listener = new RecordingListener();
    await bus.subscribe(topics, listener);
    await listener.until(() => listener.assignments.length > 0);
    startAll(bus, listener, topics);
    await listener.until(() => listener.records.length >= count);
    return listener.records;
  } finally {
    await bus.close();
  }
}

function startAll(bus: EventBus, listener: RecordingListener, topics: readonly string[]): void {
  for (const partition of listener.assignments.at(-1) ?? [])
    bus.startPartition(partition, new Map(topics.map((t) => [t, 0])));
}

/** The stored positions of a group, in place of a store. */
export class Positions {
  readonly #next = new Map<string, number>();

  of(topic: string, partition: number): number {
    return this.#next.get(`${topic}/${partition}`) ?? 0;
  }

  moveTo(topic: string, partition: number, next: number): void {
    this.#next.set(`${topic}/${partition}`, next);
  }
}

/** Starts its partitions at the group's positions, and records each gap or repeat. */
export class StartingListener extends RecordingListener {
  readonly gaps: string[] = [];
  readonly #bus: EventBus;
  readonly #topics: readonly string[];
  readonly #positions: Positions;
  #expected = new Map<string, number>();

  constructor(bus: EventBus, topics: readonly string[], positions: Positions) {
    super();
    this.#bus = bus;
    this.#topics = topics;
    this.#positions = positions;
  }

  get owned(): readonly number[] {
    return this.calls.at(-1) === "assigned" ? (this.assignments.at(-1) ?? []) : [];
  }

  override onAssigned(partitions: readonly number[]): void {
    super.onAssigned(partitions);
    for (const partition of partitions) {
      const positions = new Map(this.#topics.map((topic) => [topic, this.#positions.of(topic, partition)]));
      for (const [topic, offset] of positions) this.#expected.set(`${topic}/${partition}`, offset);
      this.#bus.startPartition(partition, positions);
    }
  }

  override onRevoked(): void {
    this.#expected = new Map();
    super.onRevoked();
  }

  override onRecords(records: readonly BusRecord[]): void {
    for (const { topic, partition, offset } of records) {
      const expected = this.#expected.get(`${topic}/${partition}`);
      if (offset !== expected) this.gaps.push(`${topic}/${partition}: ${offset} instead of ${expected}`);
      this.#expected.set(`${topic}/${partition}`, offset + 1);
      this.#positions.moveTo(topic, partition, offset + 1);
    }
    super.onRecords(records);
  }
}
