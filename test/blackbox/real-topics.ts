import type { IHeaders, Kafka } from "kafkajs";
import type { InputRecord } from "./evidence.ts";
import type { LoggedRecord } from "./kafka-reader.ts";
import { envelopeFor, type PublishOptions } from "./world.ts";

export const INPUTS: Readonly<Record<string, string>> = {
  NodeIntrospectionEvent: "evt.node-introspection",
  NodeRegistrationAcked: "cmd.node-registration-acked",
  NodeHeartbeatEvent: "evt.node-heartbeat",
  NodeDeregister: "cmd.node-deregister",
};
const OUTPUTS = ["initiated", "accepted", "rejected", "ack-received", "ack-timed-out"]
  .map((name) => `evt.node-registration-${name}`)
  .concat(["became-active", "updated", "liveness-expired", "deregistered"].map((name) => `evt.node-${name}`));
const DEAD_LETTERS = "dlq.registration";

/** Names of the public topics of one environment and namespace. */
export class RealTopics {
  readonly #namespace: string;
  readonly #notOutputs: ReadonlySet<string>;

  constructor(namespace: string) {
    this.#namespace = namespace;
    this.#notOutputs = new Set([...Object.values(INPUTS), DEAD_LETTERS].map((name) => this.named(name)));
  }

  /** The name of a topic, given `evt.node-introspection`. */
  named(name: string): string {
    return `dev.${this.#namespace}.onex.${name}.v1`;
  }

  input(type: string): string {
    return this.named(INPUTS[type] ?? type);
  }

  get deadLetters(): string {
    return this.named(DEAD_LETTERS);
  }

  /** What a reader of everything reads. */
  all(moreOutputs: readonly string[]): string[] {
    return [...OUTPUTS, ...moreOutputs, ...Object.values(INPUTS), DEAD_LETTERS].map((name) => this.named(name));
  }

  isOutput(topic: string): boolean {
    return !this.#notOutputs.has(topic);
  }

  inputsAmong(records: readonly LoggedRecord[]): InputRecord[] {
    const typeOf = new Map(Object.keys(INPUTS).map((type) => [this.input(type), type]));
    return records.flatMap((record) => {
      const type = typeOf.get(record.topic);
      return type === undefined ? [] : [{ ...record, type }];
    });
  }
}

/** What a foreign producer hands to Kafka. */
export interface Sent {
  readonly key?: string | null;
  readonly value: Buffer | string | null;
  readonly headers?: IHeaders;
  readonly partition?: number;
}

/** As a node sends it. */
export function messageOf(type: string, payload: Readonly<Record<string, unknown>>, options: PublishOptions = {}) {
  const envelope = { ...envelopeFor(type, payload, options), source_tool: "stranger" };
  return { id: envelope.envelope_id, key: String(payload["node_id"]), value: JSON.stringify(envelope) };
}

/** What a consumer group has committed, as `topic[partition]@offset`; nothing where it never did. */
export async function groupOffsets(kafka: Kafka, groupId: string, topics: string[]): Promise<readonly string[]> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const committed = await admin.fetchOffsets({ groupId, topics });
    return committed
      .flatMap(({ topic, partitions }) => partitions.map(({ partition, offset }) => ({ topic, partition, offset })))
      .filter(({ offset }) => offset !== "-1")
      .map(({ topic, partition, offset }) => `${topic}[${partition}]@${offset}`)
      .sort();
  } finally {
    await admin.disconnect();
  }
}
