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
import { settleWithin } from "../../ports/settle-within.ts";
import { assertMessageSizes } from "../publish-sizes.ts";
import type { EmbeddedBroker } from "./embedded-broker.ts";
import { EmbeddedLogReaders } from "./embedded-log-readers.ts";
import { busUnavailable, endsByPartition } from "./embedded-log.ts";

export interface EmbeddedBusOptions {
  readonly broker: EmbeddedBroker;
  /** Under this name it stores its positions: what it has not read is kept longer. */
  readonly domain: string;
}

const closeTimeoutMs = 5_000;

/** The bus of one domain. There is no group: every partition is assigned from `subscribe` to `close`. */
export class EmbeddedBus implements EventBus {
  readonly #broker: EmbeddedBroker;
  readonly #clock: Clock;
  readonly #domain: string;
  readonly #readers: EmbeddedLogReaders;
  #subscription: { readonly listener: BusListener; readonly partitions: readonly number[] } | undefined;
  #unsubscribe: () => void = () => {};
  #closed: Promise<void> | undefined;

  constructor({ broker, domain }: EmbeddedBusOptions) {
    this.#broker = broker;
    this.#clock = broker.clock;
    this.#domain = domain;
    // As on Kafka: the stored positions are read again, and what is missing after them is journaled.
    this.#readers = new EmbeddedLogReaders(broker.log, broker.clock, () => this.requestReassignment());
  }

  prepare(topics: WantedTopics): Promise<{ readonly partitions: number }> {
    return this.#broker.prepare(topics);
  }

  async subscribe(topics: readonly string[], listener: BusListener): Promise<void> {
    const [first = []] = (await this.#broker.ends(topics)).values();
    if (this.#closed !== undefined) return;
    this.#subscription = { listener, partitions: [...first.keys()] };
    this.#unsubscribe = this.#broker.subscribe({ domain: this.#domain, topics, readers: this.#readers });
    this.#clock.after(0, () => this.#assign());
  }

  startPartition(partition: number, positions: ReadonlyMap<string, number>): void {
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

  /** The positions are in the same database, where the broker reads them. */
  commitPositionsHint(): void {}

  async publish(messages: readonly OutgoingMessage[], { timeoutMs }: TimeLimit) {
    assertMessageSizes(messages);
    const { atMs, offsets } = await this.#within(timeoutMs, "publish", () => this.#broker.append(messages));
    return { brokerTimeMs: atMs, receivedAtMs: this.#clock.monotonicMs(), offsets: () => offsets };
  }

  /** Waits for publishes that were called earlier, so that their records are counted. */
  async logEnds(topics: readonly string[], { timeoutMs }: TimeLimit): Promise<ByTopicPartition<LogEnds>> {
    return endsByPartition(await this.#within(timeoutMs, "ends", () => this.#broker.ends(topics)));
  }

  describe(topics: readonly string[]): Promise<BusDescription> {
    return this.#broker.describe(topics);
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#shutDown());
  }

  async #shutDown(): Promise<void> {
    this.#unsubscribe();
    this.#readers.revoke();
    await settleWithin(closeTimeoutMs, this.#broker.settled(), () => {}, this.#clock);
  }

  async #within<Result>(timeoutMs: number, what: string, work: () => Promise<Result>): Promise<Result> {
    if (this.#closed !== undefined) throw busUnavailable("the bus is closed");
    const onTimeout = (): never => {
      throw busUnavailable(`no answer to ${what} within ${timeoutMs} ms`);
    };
    return settleWithin(timeoutMs, work(), onTimeout, this.#clock);
  }
}
