import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EmbeddedBroker } from "../../../runtime/adapters/embedded-bus/embedded-broker.ts";
import { EmbeddedBus } from "../../../runtime/adapters/embedded-bus/embedded-bus.ts";
import { SystemClock } from "../../../runtime/adapters/system-clock.ts";
import type { BusRecord } from "../../../runtime/ports/event-bus.ts";
import type { Store } from "../../../runtime/ports/store.ts";
import { openInitializedStore } from "../../initialized-store.ts";
import { emptyTables, until } from "../../shell/orders.ts";
import { numberedMessages, patience, uniqueTopic } from "../bus-messages.ts";

const PARTITIONS = [0, 1];

/** A domain that reads: it begins at its positions whenever it is assigned, also after a restart. */
class Domain {
  readonly topics: readonly string[];
  readonly #broker: EmbeddedBroker;
  readonly #name: string;
  /** Topic and partition -> offsets in the order of arrival; the next one is its position. */
  readonly #received = new Map<string, number[]>();
  #bus: EmbeddedBus | undefined;

  constructor(broker: EmbeddedBroker, name: string, topics: readonly string[]) {
    this.#broker = broker;
    this.#name = name;
    this.topics = topics;
  }

  get bus(): EmbeddedBus {
    return this.#bus as EmbeddedBus;
  }

  async start(): Promise<void> {
    const bus = new EmbeddedBus({ broker: this.#broker, domain: this.#name });
    await bus.prepare({ input: this.topics, output: [], partitions: PARTITIONS.length });
    await bus.subscribe(this.topics, {
      onAssigned: (partitions) => {
        for (const partition of partitions)
          bus.startPartition(
            partition,
            new Map(this.topics.map((topic) => [topic, this.received(topic, partition).length])),
          );
      },
      onRevoked: () => {},
      onRecords: (records) => this.#onRecords(records),
      onFailure: () => {},
    });
    this.#bus = bus;
  }

  async restart(): Promise<void> {
    await this.bus.close();
    await this.start();
  }

  received(topic: string, partition: number): readonly number[] {
    return this.#received.get(`${topic}/${partition}`) ?? [];
  }

  #onRecords(records: readonly BusRecord[]): void {
    for (const { topic, partition, offset } of records)
      this.#received.set(`${topic}/${partition}`, [...this.received(topic, partition), offset]);
  }
}

interface Step {
  readonly kind: "publish" | "pause" | "resume" | "reassign" | "restart" | "wait";
  readonly who: number;
  readonly partition?: number;
  readonly topic?: number;
}

const partition = fc.constantFrom(...PARTITIONS);
const who = fc.constantFrom(0, 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("publish"), who, partition, topic: fc.nat(2) }) },
  fc.record({ kind: fc.constantFrom("pause", "resume"), who, partition }),
  fc.record({ kind: fc.constantFrom("reassign", "restart", "wait"), who }),
);

describe("two domains on one embedded log", () => {
  let store: Store;
  beforeAll(async () => {
    store = await openInitializedStore();
    await emptyTables(store);
  });
  afterAll(() => store.close());

  const take = async (
    { kind, who, partition: of = 0, topic = 0 }: Step,
    domains: readonly Domain[],
    topics: readonly string[],
  ): Promise<unknown> => {
    const { bus } = domains[who] as Domain;
    if (kind === "pause" || kind === "resume") return bus[kind]([of]);
    if (kind === "reassign") return bus.requestReassignment();
    if (kind === "restart") return domains[who]?.restart();
    if (kind === "wait") return new Promise((resolve) => setTimeout(resolve, 1));
    return bus.publish(numberedMessages(topics[topic] ?? "", of, 0, 3), patience);
  };

  it("give each every record of its topics, once and in order, whatever happens to the other", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const broker = new EmbeddedBroker({ store, clock: new SystemClock() });
        const topics = ["shared", "first", "second"].map(uniqueTopic) as [string, string, string];
        const [shared, first, second] = topics;
        const domains = [new Domain(broker, "one", [shared, first]), new Domain(broker, "two", [shared, second])];
        for (const domain of domains) await domain.start();
        // A restart is waited for, since a bus that is closed refuses to publish; nothing else is.
        const begun: Promise<unknown>[] = [];
        for (const each of steps) {
          begun.push(take(each, domains, topics));
          if (each.kind === "restart" || each.kind === "wait") await begun.at(-1);
        }
        await Promise.all(begun);
        for (const { bus } of domains) bus.resume(PARTITIONS);

        const ends = await domains[0]?.bus.logEnds(topics, patience);
        const places = (domain: Domain) =>
          domain.topics.flatMap((topic) =>
            PARTITIONS.map((of) => ({ topic, of, high: ends?.get(topic)?.get(of)?.high })),
          );
        const isComplete = (domain: Domain) =>
          places(domain).every(({ topic, of, high = 0 }) => domain.received(topic, of).length >= high);
        await until(() => domains.every(isComplete));
        for (const domain of domains) {
          await domain.bus.close();
          for (const { topic, of, high } of places(domain))
            expect(domain.received(topic, of)).toEqual(Array.from({ length: high ?? 0 }, (_, offset) => offset));
        }
      }),
      { numRuns: 40 },
    );
  });
});
