import { partitionOf } from "../../runtime/core/murmur2.ts";
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
   */
  send(
    topic: string,
    payload: Readonly<Record<string, unknown>>,
    options: { readonly inWrongPartition?: boolean } = {},
  ): void {
    const { random } = this;
    const { statesTimes, skewMs } = this.#clock;
    const at = new Date(EPOCH_MS + this.broker.network.scheduler.nowMs + skewMs).toISOString();
    const value = Buffer.from(JSON.stringify({ ...payload, ...(statesTimes && { timestamp: at }) }));
    const headers = { message_id: random.uuid() };
    const copies = random.chance(0.08) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const wayMs = random.chance(0.1) ? random.next() * 3_000 : random.next() * 20;
      this.produce(topic, value, headers, wayMs + copy * random.next() * 2_000, options.inWrongPartition ?? false);
    }
    this.#addToTranscript(
      () => `${this.id} sends ${topic.split(".").at(-2)} ${JSON.stringify(payload)}${copies > 1 ? " twice" : ""}`,
    );
  }

  produce(
    topic: string,
    value: Buffer | null,
    headers: Readonly<Record<string, string>>,
    wayMs: number,
    inWrongPartition = false,
  ): void {
    const { network, partitions } = this.broker;
    network.scheduler.after(wayMs, () => {
      if (network.faults.bus.down) return this.produce(topic, value, headers, 500, inWrongPartition);
      const partition = (partitionOf(this.id, partitions) + (inWrongPartition ? 1 : 0)) % partitions;
      this.broker.append({ topic, partition, key: Buffer.from(this.id), value, headers });
    });
  }
}
