import type { Broker } from "../broker.ts";
import type { SimCatalog } from "../catalog.ts";
import type { Database } from "../database.ts";
import type { SimulatedDomain } from "../simulated-domain.ts";
import type { JournalLine } from "../../../runtime/core/journal.ts";
import type { PromiseId, Report } from "../../promises/promises.ts";
import type { Change } from "../sql/tables.ts";

/** A broken promise, or a process that ended by itself (crash point C15), and how that was noticed. */
export interface Violation {
  readonly promise: PromiseId | "C15";
  readonly what: string;
}

/** Time in which a service, or every process, was unreachable. */
export interface Outage {
  readonly of: "bus" | "store" | "process";
  readonly fromMs: number;
  toMs: number;
}

/** What a transaction has changed. */
export interface Committed {
  readonly changes: readonly Change[];
  /** The lines of the journal that it has written, those of a partition in order. */
  readonly lines: readonly JournalLine[];
}

/** What checks see of the simulated system. Times are ms since its start. */
export interface ObservedSystem {
  readonly broker: Broker;
  readonly database: Database;
  readonly catalog: SimCatalog;
  readonly domain: SimulatedDomain;
  readonly outages: readonly Outage[];
  /** Up to this time faults, rebalances and slowness included, excuse that something is late. */
  latenessExcusedUntilMs(): number;
  nowMs(): number;
  /** Of the code that a process was started with; undefined: it is no process. */
  stateVersionOf(process: string): number | undefined;
  /** What a process takes for the broker's time; undefined: it does not run. */
  brokerTimeOf(process: string): number | undefined;
  readonly report: Report;
}

export interface Envelope {
  readonly envelope_id: string;
  readonly payload_type: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** `topic/partition/offset`. */
export const positionOf = (at: {
  readonly topic: unknown;
  readonly partition: unknown;
  readonly offset: unknown;
}): string => `${String(at.topic)}/${String(at.partition)}/${String(at.offset)}`;
