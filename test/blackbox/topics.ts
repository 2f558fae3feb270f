import type { IHeaders, Kafka } from "kafkajs";
import type { InputRecord } from "./evidence.ts";
import type { LoggedRecord } from "./kafka-reader.ts";
import { envelopeFor, type PublishOptions } from "./world.ts";

/** What a stranger knows of a domain. */
export interface PublicDomain {
  readonly name: string;
  /** The field of payloads that has the entity's id. */
  readonly idField: string;
  /** The field of events that has the attempt's id. */
  readonly attemptField: string;
  /** Names of topics without environment, namespace and version; for inputs by the payload's type. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly outputs: readonly string[];
  readonly deadLetters: string;
  /** The whole name of one. */
  topicIn(namespace: string, name: string): string;
}

/** Names of the public topics of a domain in one environment and namespace. */
export class PublicTopics {
  readonly #domain: PublicDomain;
  readonly #namespace: string;
  readonly #notOutputs: ReadonlySet<string>;

  constructor(domain: PublicDomain, namespace: string) {
    this.#domain = domain;
    this.#namespace = namespace;
    this.#notOutputs = new Set([...this.inputs, this.deadLetters]);
  }

  named(name: string): string {
    return this.#domain.topicIn(this.#namespace, name);
  }

  input(type: string): string {
    return this.named(this.#domain.inputs[type] ?? type);
  }

  get inputs(): string[] {
    return Object.keys(this.#domain.inputs).map((type) => this.input(type));
  }

  get deadLetters(): string {
    return this.named(this.#domain.deadLetters);
  }

  /** What a reader of everything reads. */
  all(moreOutputs: readonly string[]): string[] {
    const outputs = [...this.#domain.outputs, ...moreOutputs].map((name) => this.named(name));
    return [...outputs, ...this.inputs, this.deadLetters];
  }

  isOutput(topic: string): boolean {
    return !this.#notOutputs.has(topic);
  }

  inputsAmong(records: readonly LoggedRecord[]): InputRecord[] {
    const typeOf = new Map(Object.keys(this.#domain.inputs).map((type) => [this.input(type), type]));
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

/** @param key the entity's id */
export function messageOf(key: string, type: string, payload: object, options: PublishOptions = {}) {
  const envelope = { ...envelopeFor(type, payload, options), source_tool: "stranger" };
  return { id: envelope.envelope_id, key, value: JSON.stringify(envelope) };
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
