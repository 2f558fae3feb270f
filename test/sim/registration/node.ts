import type { Broker, LogRecord } from "../broker.ts";
import { REFUSED_ADDRESS } from "../catalog.ts";
import type { Random } from "../random.ts";
import { type ClockHabits, Sender } from "../sender.ts";
import { PERIOD_MS, TOPICS } from "./domain.ts";

export interface Habits extends ClockHabits {
  /** How it answers an acceptance. */
  readonly ack: "soon" | "late" | "never" | "twice" | "bare" | "by correlation";
  readonly hasEpoch: boolean;
  /** Consul refuses its address for good. */
  readonly isRefused: boolean;
}
const TYPES = ["effect", "compute", "reducer", "orchestrator"] as const;
const HEARTBEAT_MS = 10_000;

/** A simulated node: introspects, answers acceptances, sends heartbeats; not always correctly. */
export class SimNode extends Sender {
  readonly habits: Habits;
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
    super(id, habits, broker, random, addToTranscript);
    this.habits = habits;
    this.#type = random.pick(TYPES);
    broker.read((record) => this.#read(record));
  }

  introspect(change: "same" | "content" | "epoch" | "type" | "old" | "shutdown" = "same"): void {
    if (change === "content") this.#port++;
    if (change === "epoch") this.#epoch++;
    if (change === "type") this.#type = this.random.pick(TYPES);
    const address = this.habits.isRefused ? REFUSED_ADDRESS : "10.0.0.1";
    this.send(TOPICS.introspection, {
      node_id: this.id,
      node_type: this.#type,
      endpoints: { main: `http://${address}:${this.#port}` },
      ...(this.habits.hasEpoch && { epoch: change === "old" ? Math.max(0, this.#epoch - 1) : this.#epoch }),
      ...(change === "shutdown" && { reason: "shutdown" }),
      correlation_id: this.random.uuid(),
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
    this.broker.network.scheduler.after(this.random.next() * ms, call);
  }

  #onAcceptance(of: { readonly attemptId: string; readonly correlationId: string }): void {
    this.accepted.push(of);
    const { ack } = this.habits;
    if (ack === "never" || this.isSilent) return;
    const answer = (): void =>
      this.ack(ack === "bare" ? {} : ack === "by correlation" ? { correlationId: of.correlationId } : of);
    if (ack === "late") this.broker.network.scheduler.after(PERIOD_MS - 1_500 + this.random.next() * 2_000, answer);
    else this.#later(2_000, answer);
    if (ack === "twice") this.#later(5_000, answer);
  }

  #becameActive(): void {
    this.#isActive = true;
    this.#beat(++this.#heartbeatSeries);
  }

  #beat(series: number): void {
    this.broker.network.scheduler.after(HEARTBEAT_MS, () => {
      if (!this.#isActive || series !== this.#heartbeatSeries) return;
      if (!this.isSilent) this.heartbeat();
      this.#beat(series);
    });
  }
}
