import type { Diagnostic } from "../../runtime/contract/diagnostics/diagnostic.ts";
import type { DomainModel } from "../../runtime/contract/model/domain-model.ts";
import type { Clock } from "../../runtime/ports/clock.ts";
import type { EventBus } from "../../runtime/ports/event-bus.ts";
import type { Store } from "../../runtime/ports/store.ts";
import type { Runtime } from "../../runtime/shell/runtime.ts";
import type { Observe } from "../../runtime/shell/shell-event.ts";
import type { CompiledContracts, DomainSource } from "./contracts-in-force.ts";

/** What a runtime that follows the contracts in force is made of. */
export interface ReloadingOptions {
  readonly contracts: CompiledContracts;
  /** Those of its folder at the start. */
  readonly folder: CompiledContracts;
  readonly source: DomainSource;
  /** The contracts of all domains of the process that are in force. */
  readonly hostModels: () => readonly DomainModel[];
  readonly store: Store;
  readonly clock: Clock;
  readonly makeBus: () => EventBus;
  readonly makeRuntime: (contracts: CompiledContracts, bus: EventBus, onSuperseded: () => void) => Runtime;
  readonly observe: Observe;
  readonly onFatal: (error: unknown) => void;
}

export interface RefusedChange {
  readonly atMs: number;
  readonly by: string;
  readonly reason: string;
  readonly diagnostics: readonly Diagnostic[];
}

/** Why a domain is not served, although others of this process are. */
export interface DomainFailure {
  /** Since when. */
  readonly atMs: number;
  /** Of the last try. */
  readonly error: unknown;
}
