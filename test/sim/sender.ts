import { partitionOf } from "../../runtime/core/murmur2.ts";
import type { RecordPlace } from "../../runtime/ports/event-bus.ts";
import type { Broker } from "./broker.ts";
import { EPOCH_MS } from "./machine.ts";
import type { Random } from "./random.ts";

export interface ClockHabits {
  /** ms by which its clock is wrong; what it states as a time of its own. */
  readonly skewMs: number;
  readonly statesTimes: boolean;
}

/** Sends the messages of one entity, on a network as they are. */
export class Sender {
  readonly id: string;
  protected readonly broker: Broker;
  protected readonly random: Random;
  readonly #clock: ClockHabits;
  readonly #addToTranscript: (text: () => string) => void;

  constructor(
    id: string,
    clock: ClockHabits,
    broker: Broker,
    random: Random,
    addToTranscript: (text: () => string) => void,
  ) {
    this.id = id;
    this.#clock = clock;
    this.broker = broker;
    this.random = random;
    this.#addToTranscript = addToTranscript;
  }

  /**
   * Arrives after a delay; what the broker refuses is sent again. Some messages arrive twice, or in a wrong partition.
   * @param options.as its type, on a topic with several
   */
  send(
    topic: string,
    payload: Readonly<Record<string, unknown>>,
    options: { readonly inWrongPartition?: boolean; readonly as?: string } = {},
  ): void {
    const { random } = this;
    const { statesTimes, skewMs } = this.#clock;
    const at = new Date(EPOCH_MS + this.broker.network.scheduler.nowMs + skewMs).toISOString();
    const value = Buffer.from(JSON.stringify({ ...payload, ...(statesTimes && { timestamp: at }) }));
    const headers = { message_id: random.uuid(), ...(options.as !== undefined && { event_type: options.as }) };
    const copies = random.chance(0.08) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const wayMs = (random.chance(0.1) ? random.next() * 3_000 : random.next() * 20) + copy * random.next() * 2_000;
      const record = { topic, value, headers, inWrongPartition: options.inWrongPartition ?? false };
      if (copy === 0) this.#hand(record, wayMs);
      else this.#produce(record, wayMs);
    }
    this.#addToTranscript(
      () =>
        `${this.id} sends ${options.as ?? topic.split(".").at(-2)} ${JSON.stringify(payload)}` +
        (copies > 1 ? " twice" : ""),
    );
  }

  sendUnreadable(topic: string, value: Buffer | null): void {
    const headers = { "x-poison": "1", message_id: this.random.uuid() };
    this.#hand({ topic, value, headers, inWrongPartition: false }, this.random.next() * 10);
  }

  #hand(record: Produced, wayMs: number): void {
    const { topic, headers } = record;
    this.broker.onSend({
      ...{ entityId: this.id, topic, messageId: headers.message_id, isReadable: headers["x-poison"] === undefined },
      publish: (done = () => {}) => this.#produce(record, wayMs, done),
    });
  }

  #produce(record: Produced, wayMs: number, done: (place: RecordPlace) => void = () => {}): void {
    const { network, partitions } = this.broker;
    network.scheduler.after(wayMs, () => {
      if (network.faults.bus.down) return this.#produce(record, 500, done);
      const { topic, value, headers, inWrongPartition } = record;
      const partition = (partitionOf(this.id, partitions) + (inWrongPartition ? 1 : 0)) % partitions;
      done(this.broker.append({ topic, partition, key: Buffer.from(this.id), value, headers }));
    });
  }
}

interface Produced {
  readonly topic: string;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>> & { readonly message_id: string };
  readonly inWrongPartition: boolean;
}
