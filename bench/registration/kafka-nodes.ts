import { KafkaLoad } from "../kafka-load.ts";
import type { Engine, LoadEntity } from "../load.ts";
import { introspection } from "./introspection.ts";

/** What a node passes on its way. */
export const STEPS = ["accepted", "active"] as const;

export type BenchTopics = ReturnType<typeof benchTopics>;

export function benchTopics(runId: string) {
  const topic = (kind: string, name: string): string => `dev.${runId}.onex.${kind}.${name}.v1`;
  return {
    introspection: topic("evt", "node-introspection"),
    initiated: topic("evt", "node-registration-initiated"),
    accepted: topic("evt", "node-registration-accepted"),
    acked: topic("cmd", "node-registration-acked"),
    received: topic("evt", "node-registration-ack-received"),
    active: topic("evt", "node-became-active"),
    heartbeat: topic("evt", "node-heartbeat"),
    deregistered: topic("evt", "node-deregistered"),
    expired: topic("evt", "node-liveness-expired"),
  };
}

/** The nodes' side over Kafka: they introspect, answer acceptances, and hear that they became active. */
export class KafkaNodes implements Engine {
  readonly steps = STEPS;
  onStep: Engine["onStep"] = () => {};
  readonly #topics: BenchTopics;
  readonly #kafka: KafkaLoad;
  readonly #canLeave: boolean;
  #left: ((ids: readonly string[]) => void) | undefined;

  private constructor(topics: BenchTopics, kafka: KafkaLoad, canLeave: boolean) {
    this.#topics = topics;
    this.#kafka = kafka;
    this.#canLeave = canLeave;
  }

  static async connect(
    brokers: string,
    topics: BenchTopics,
    runId: string,
    { canLeave }: { readonly canLeave: boolean },
  ): Promise<KafkaNodes> {
    const kafka = await KafkaLoad.connect(brokers);
    const nodes = new KafkaNodes(topics, kafka, canLeave);
    await kafka.consume(`${runId}-accepted`, topics.accepted, (ids) => nodes.#accepted(ids));
    await kafka.consume(`${runId}-active`, topics.active, (ids) => ids.forEach((id) => nodes.onStep("active", id)));
    if (canLeave) await kafka.consume(`${runId}-deregistered`, topics.deregistered, (ids) => nodes.#left?.(ids));
    return nodes;
  }

  begin(nodes: readonly LoadEntity[]): Promise<void> {
    return this.introspect(nodes);
  }

  introspect(nodes: readonly LoadEntity[], reason?: "shutdown"): Promise<void> {
    return this.#kafka.send(this.#topics.introspection, nodes, ({ id, index }) => ({
      ...introspection(id, index),
      ...(reason && { reason }),
    }));
  }

  /** They deregister; resolves when all have. Does nothing for an engine without deregistration. */
  async leave(nodes: readonly LoadEntity[]): Promise<void> {
    const here = new Set(nodes.map(({ id }) => id));
    if (!this.#canLeave || here.size === 0) return;
    const gone = new Promise<void>((resolve) => {
      this.#left = (ids) => {
        for (const id of ids) here.delete(id);
        if (here.size === 0) resolve();
      };
    });
    await this.introspect(nodes, "shutdown");
    await gone;
  }

  heartbeat(nodes: readonly LoadEntity[]): Promise<void> {
    return this.#kafka.send(this.#topics.heartbeat, nodes, ({ id }) => ({ node_id: id }));
  }

  close(): Promise<void> {
    return this.#kafka.close();
  }

  #accepted(ids: readonly string[]): void {
    ids.forEach((id) => this.onStep("accepted", id));
    const nodes = ids.map((id) => ({ id }));
    void this.#kafka.send(this.#topics.acked, nodes, ({ id }) => ({ node_id: id }));
  }
}
