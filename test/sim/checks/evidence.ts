import type { Broker } from "../broker.ts";
import type { Consul } from "../consul.ts";
import type { Database } from "../database.ts";
import type { PromiseId, Report } from "../../promises/promises.ts";

/** Which promise was broken, or that a process ended by itself (crash point C15), and how it was seen. */
export interface Breach {
  readonly promise: PromiseId | "C15";
  readonly what: string;
}

/** Time in which a service, or every process, was unreachable. */
export interface Outage {
  readonly of: "bus" | "store" | "process";
  readonly fromMs: number;
  toMs: number;
}

/** Everything that can be seen: the log, the tables, the catalog, and the outages. Times are exact. */
export interface Evidence {
  readonly broker: Broker;
  readonly database: Database;
  readonly consul: Consul;
  readonly outages: readonly Outage[];
  /** The end of the last fault, rebalances and slowness included; what is late before then is excused. */
  quietFromMs(): number;
  nowMs(): number;
  readonly report: Report;
}

export interface Envelope {
  readonly envelope_id: string;
  readonly payload_type: string;
  readonly payload: Readonly<Record<string, unknown>>;
}
export const placeOf = (at: {
  readonly topic: unknown;
  readonly partition: unknown;
  readonly offset: unknown;
}): string => `${String(at.topic)}/${String(at.partition)}/${String(at.offset)}`;
