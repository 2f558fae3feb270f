import type { Edit } from "../blackbox/contracts-copy.ts";
import type { Evidence } from "../blackbox/evidence.ts";
import type { RealOptions, RealSystem } from "../blackbox/real-system.ts";
import type { ServiceAddresses } from "../real/services/service-addresses.ts";

export interface LoadOptions {
  readonly entities: number;
  /** New ones a second. */
  readonly rate: number;
  readonly seed?: number;
  /** Share of them that falls silent once it is done. */
  readonly silent?: number;
}

/** What became of a load's entities. */
export interface LoadSummary {
  readonly expired: number;
  readonly timedOut: number;
  readonly rejected: number;
  readonly messagesSent: number;
}

/** Entities that are begun, and kept alive until the load is ended. */
export interface Load {
  readonly entities: number;
  end(): Promise<LoadSummary>;
  /** All of them fall silent at once. */
  kill(): void;
}

/** A domain around which faults are caused. */
export interface FaultDomain<World extends RealSystem> {
  /** The folder of its contracts. */
  readonly contracts: string;
  /** With it they are refused. */
  readonly mistake: Edit;
  /** The state of a load's entities once they are done. */
  readonly doneIn: string;
  /** Services that it needs beside Kafka and Postgres: where they are, and how a process is told. */
  readonly backends: readonly {
    addressIn(services: ServiceAddresses): string;
    environment(address: string): Readonly<Record<string, string>>;
  }[];
  open(services: ServiceAddresses, options: RealOptions): Promise<World>;
  startLoad(world: World, options: LoadOptions): Load;
  /** @param more evidence that only the fault has */
  judge(world: World, more: object): Promise<{ readonly evidence: Evidence; readonly broken: readonly string[] }>;
}
