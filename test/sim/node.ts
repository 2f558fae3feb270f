import { partitionOf } from "../../runtime/core/murmur2.ts";
import type { Broker, LogRecord } from "./broker.ts";
import { REFUSED_ADDRESS } from "./consul.ts";
import { PERIOD_MS, TOPICS } from "./domain.ts";
import { EPOCH_MS } from "./machine.ts";
import type { Random } from "./random.ts";

export interface Habits {
  /** How it answers an acceptance. */
  readonly ack: "soon" | "late" | "never" | "twice" | "bare" | "by correlation";
  readonly hasEpoch: boolean;
  /** ms by which its clock is wrong; what it states as a time of its own. */
  readonly skewMs: number;
  readonly statesTimes: boolean;
  /** Consul refuses its address for good. */
  readonly isRefused: boolean;
}
const TYPES = ["effect", "compute", "reducer", "orchestrator"] as const;
const HEARTBEAT_MS = 10_000;

/** A simulated node: introspects, answers acceptances, sends heartbeats; not always correctly. */
export class SimNode {
  readonly id: string;
  readonly habits: Habits;
  readonly #broker: Broker;
  readonly #random: Random;
  readonly #addToTranscript: (text: () => string) => void;
  #type: (typeof TYPES)[number];
  #epoch = 1;
  #port = 8_000;
  isSilent = false;
  #isActive = false;
  #heartbeatSeries = 0;
  /** Every acceptance that it has read, the oldest first. */
  readonly accepted: { readonly attemptId: string; readonly correlationId: string }[] = [];

  constructor(
    id: string,
    habits: Habits,
    broker: Broker,
    random: Random,
    addToTranscript: (text: () => string) => void,
  ) {
    this.id = id;
    this.habits = habits;
    this.#broker = broker;
    this.#random = random;
    this.#addToTranscript = addToTranscript;
    this.#type = random.pick(TYPES);
    broker.read((record) => this.#read(record));
  }

  introspect(change: "same" | "content" | "epoch" | "type" | "old" | "shutdown" = "same"): void {
    if (change === "content") this.#port++;
    if (change === "epoch") this.#epoch++;
    if (change === "type") this.#type = this.#random.pick(TYPES);
    const address = this.habits.isRefused ? REFUSED_ADDRESS : "10.0.0.1";
    this.send(TOPICS.introspection, {
      node_id: this.id,
      node_type: this.#type,
      endpoints: { main: `http://${address}:${this.#port}` },
      ...(this.habits.hasEpoch && { epoch: change === "old" ? Math.max(0, this.#epoch - 1) : this.#epoch }),
      ...(change === "shutdown" && { reason: "shutdown" }),
      correlation_id: this.#random.uuid(),
    });
  }

  /** @param of an attempt of its own, or whatever else an ACK may name */
  ack(of: { readonly attemptId?: string; readonly correlationId?: string }): void {
    this.send(TOPICS.ack, {
      node_id: this.id,
      ...(of.attemptId !== undefined && { registration_attempt_id: of.attemptId }),
      ...(of.correlationId !== undefined && { correlation_id: of.correlationId }),
    });
  }

  heartbeat(): void {
    this.send(TOPICS.heartbeat, { node_id: this.id });
  }

  deregister(): void {
    this.send(TOPICS.deregister, { node_id: this.id, reason: "maintenance" });
  }

  /**
   * Arrives after a delay; what the broker refuses is sent again. Some messages arrive twice, or in a wrong partition.
   */
  send(
    topic: string,
    payload: Readonly<Record<string, unknown>>,
    options: { readonly inWrongPartition?: boolean } = {},
  ): void {
    const random = this.#random;
    const { statesTimes, skewMs } = this.habits;
    const at = new Date(EPOCH_MS + this.#broker.network.scheduler.nowMs + skewMs).toISOString();
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
    const { network, partitions } = this.#broker;
    network.scheduler.after(wayMs, () => {
      if (network.faults.bus.down) return this.produce(topic, value, headers, 500, inWrongPartition);
      const partition = (partitionOf(this.id, partitions) + (inWrongPartition ? 1 : 0)) % partitions;
      this.#broker.append({ topic, partition, key: Buffer.from(this.id), value, headers });
    });
  }

  #read({ topic, key, value }: LogRecord): void {
    if (
      topic.includes(".evt.node-registration-") ||
      topic.includes(".evt.node-became-") ||
      /liveness|deregistered/.test(topic)
    ) {
      if (key?.toString() !== this.id || topic.includes("heartbeat")) return;
      const { payload_type: type, payload } = JSON.parse(String(value)) as {
        payload_type: string;
        payload: Record<string, string>;
      };
      const attemptId = payload["registration_attempt_id"] ?? "";
      if (type === "NodeRegistrationAccepted")
        this.#later(50, () => this.#onAcceptance({ attemptId, correlationId: payload["correlation_id"] ?? "" }));
      if (type === "NodeBecameActive") this.#later(50, () => this.#becameActive());
      if (/TimedOut|Expired|Deregistered|Rejected|Initiated/.test(type))
        this.#later(50, () => (this.#isActive = false));
    }
  }

  #later(ms: number, call: () => void): void {
    this.#broker.network.scheduler.after(this.#random.next() * ms, call);
  }

  #onAcceptance(of: { readonly attemptId: string; readonly correlationId: string }): void {
    this.accepted.push(of);
    const { ack } = this.habits;
    if (ack === "never" || this.isSilent) return;
    const answer = (): void =>
      this.ack(ack === "bare" ? {} : ack === "by correlation" ? { correlationId: of.correlationId } : of);
    if (ack === "late") this.#broker.network.scheduler.after(PERIOD_MS - 1_500 + this.#random.next() * 2_000, answer);
    else this.#later(2_000, answer);
    if (ack === "twice") this.#later(5_000, answer);
  }

  #becameActive(): void {
    this.#isActive = true;
    this.#beat(++this.#heartbeatSeries);
  }

  #beat(series: number): void {
    this.#broker.network.scheduler.after(HEARTBEAT_MS, () => {
      if (!this.#isActive || series !== this.#heartbeatSeries) return;
      if (!this.isSilent) this.heartbeat();
      this.#beat(series);
    });
  }
}
