import type { ServiceRegistry } from "../../effects/service-catalog/service-registry.ts";
import type { Domain } from "../../runtime/core/domain.ts";
import type { JournalLine, StepLine } from "../../runtime/core/journal.ts";
import type { Sql } from "../../runtime/ports/store.ts";
import type { HistoryEvent } from "../promises/history.ts";
import type { LogRecord } from "./broker.ts";
import type { Committed, ObservedSystem } from "./checks/observed-system.ts";
import type { Random } from "./random.ts";
import type { SimulatedSystem } from "./simulated-system.ts";
import type { schemasIn } from "./sql/schema.ts";

/** Something that an entity's owner does, or a fault. */
type Action = (system: SimulatedSystem, random: Random) => void;
export type Actions = Readonly<Record<string, readonly [weight: number, action: Action]>>;

/** A domain as it is simulated. */
export interface SimulatedDomain {
  readonly name: string;
  /**
   * Its code on simulated backends.
   * @param hash of the contracts, if others than the shipped ones: their content is the same
   */
  domainOn(registry: ServiceRegistry, sql: Sql, hash?: string): Domain;
  /** Its projections as each version of its code has them, from 1 on. */
  readonly viewsOf?: (version: number) => Pick<Domain, "projections">;
  /** Tables of the store, those of the domain's own included. */
  readonly schemas: ReturnType<typeof schemasIn>;
  /** Topics that it consumes. */
  readonly inputs: readonly string[];
  /** Those of them whose records may leave nothing in the journal. */
  readonly unjournaled: readonly string[];
  /** Its longest deadline, ms. */
  readonly periodMs: number;
  populate(system: SimulatedSystem): Population;
  checks(observed: ObservedSystem): DomainChecks;
}

/** Whoever sends messages to the system. */
export interface Population {
  readonly actions: Actions;
  /** @param share of them, in (0, 1], that sends nothing any more */
  fallSilent(share: number): void;
}

/** What is checked of a domain beside what is promised to each: every promise is named as it is broken. */
export interface DomainChecks {
  /** Each committed event once, in its entity's order. */
  readonly judge: {
    event(event: HistoryEvent): void;
    /** @returns where the purged entity was, by its events */
    purge(entityId: string): { readonly seq: number };
  };
  /** Events by which a deadline fires. */
  readonly firings: readonly string[];
  onAppended(record: LogRecord): void;
  /**
   * A step as it is journaled, before its events go to the judge.
   * @param events their types
   */
  onStep(line: JournalLine<StepLine>, events: readonly string[]): void;
  onCommitted(committed: Committed): void;
  /** When input has stopped and everything works. */
  atRest(): void;
}
