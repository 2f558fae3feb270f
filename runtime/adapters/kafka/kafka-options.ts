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
  /** How late a member may learn that the group is changing. */
  readonly heartbeatIntervalMs: number;
  /** How long a fetch waits for data, and so how late a partition may begin after `start` or `resume`. */
  readonly fetchWaitMs: number;
  readonly fetchPartitionBytesMax: number;
  readonly fetchBytesMax: number;
  /** The first contact of `prepare`, `subscribe` and `describe`. */
  readonly connectTimeoutMs: number;
  /** One request; a publish tries again after it, as long as its own time allows. */
  readonly requestTimeoutMs: number;
  readonly publishPartitionBytesMax: number;
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
  publishPartitionBytesMax: 512 * 1024,
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
  /** Between the calls that a large publish becomes: a part of it is confirmed. For crash tests. */
  readonly onPartPublished?: () => void;
}

/** The options with every default filled in: what the parts of the bus work with. */
export interface KafkaSettings extends KafkaBusOptions {
  readonly limits: KafkaLimits;
  readonly log: KafkaLog;
}
