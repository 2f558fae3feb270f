import type { Clock } from "../../ports/clock.ts";

interface KafkaSasl {
  readonly mechanism: "plain" | "scram-sha-256" | "scram-sha-512";
  readonly username: string;
  readonly password: string;
}

/** PEM texts. */
interface KafkaTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface KafkaLimits {
  /** Without a heartbeat for this long, the group gives a member's partitions to others. */
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  /** How long it may take until a member learns that the group is changing. */
  readonly heartbeatIntervalMs: number;
  /** How long a fetch waits for data; delivery after `startPartition` or `resume` may begin that much later. */
  readonly fetchWaitMs: number;
  readonly fetchPartitionBytesMax: number;
  readonly fetchBytesMax: number;
  /** For connecting, in `prepare`, `subscribe` and `describe`. */
  readonly connectTimeoutMs: number;
  /** Of one request. A publish is repeated after it until its own timeout has passed. */
  readonly requestTimeoutMs: number;
  /** How often a subscription that ended is built again before it counts as failed. */
  readonly recoveryCountMax: number;
  readonly commitHintIntervalMs: number;
}

export const defaultKafkaLimits: KafkaLimits = {
  sessionTimeoutMs: 30_000,
  rebalanceTimeoutMs: 60_000,
  heartbeatIntervalMs: 1_000,
  fetchWaitMs: 250,
  fetchPartitionBytesMax: 256 * 1024,
  fetchBytesMax: 4 * 1024 * 1024,
  connectTimeoutMs: 5_000,
  requestTimeoutMs: 10_000,
  recoveryCountMax: 8,
  commitHintIntervalMs: 5_000,
};

export type KafkaLog = (
  level: "info" | "warn" | "error",
  message: string,
  details: Readonly<Record<string, string | number>>,
) => void;

export interface KafkaBusOptions {
  /** `host:port` each. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly groupId: string;
  readonly sasl?: KafkaSasl;
  readonly ssl?: boolean | KafkaTls;
  readonly clock: Clock;
  readonly limits?: Partial<KafkaLimits>;
  readonly log?: KafkaLog;
  /** Called between the calls into which a large publish is split, when a part is confirmed. For crash tests. */
  readonly onPartPublished?: () => void;
}

/** The options with every default filled in. */
export interface KafkaSettings extends KafkaBusOptions {
  readonly limits: KafkaLimits;
  readonly log: KafkaLog;
}
