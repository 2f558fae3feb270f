import type { Check } from "../../contracts/registration/messages/intents.ts";
import type { InventoryEntry } from "../../runtime/core/drift.ts";
import type { Fault } from "../../runtime/core/fault.ts";

/** A service as discovery shows it. */
interface ServiceEntry {
  readonly name: string;
  readonly nodeId: string;
  readonly tags: readonly string[];
  readonly address: string | null;
  readonly port: number | null;
  readonly check: Check;
}

interface VersionedChange {
  readonly serviceId: string;
  /** A younger version is never overwritten; the same version is written again, which repairs the entry. */
  readonly version: number;
}
export interface ServiceRegistration extends VersionedChange {
  readonly kind: "register";
  readonly entry: ServiceEntry;
}
/** Nothing is done for a service that does not exist or belongs to another owner. */
export interface ServiceStatusChange extends VersionedChange {
  readonly kind: "set_status";
  readonly check: Check;
}
/** Nothing is done for a service that does not exist or belongs to another owner. */
export interface ServiceRemoval extends VersionedChange {
  readonly kind: "deregister";
}
export type ServiceChange = ServiceRegistration | ServiceStatusChange | ServiceRemoval;

/** `unchanged`: the entry has a younger version, does not exist, or belongs to another owner. */
export type WriteResult = "written" | "unchanged" | Fault;

/** Where the three `consul.*` effects write services. */
export interface ServiceRegistry {
  /**
   * Makes the changes, each of another service, and returns their results in the same order. Never rejects; a refused
   * change does not prevent the others. An entry without this registry's owner mark is not touched: registering over it
   * is refused, because it may be another's service with the same id.
   *
   * Faults: UNAVAILABLE, retryable: not written, or the outcome is unknown; CONSUL_REFUSED, not retryable: invalid, too
   * large, or of another owner.
   */
  apply(changes: readonly ServiceChange[], signal: AbortSignal): Promise<readonly WriteResult[]>;
}

/** What is registered, for reconciliation: the list form of the core's `Inventory`. */
export interface ServiceInventory {
  /**
   * Every service with this registry's owner mark, as it was after the call began. `version` is the younger of the
   * service's and its check's, 0 where someone overwrote it; `content` is a `CatalogService`.
   * @throws Fault UNAVAILABLE, retryable: no answer, an incomplete one, or one that does not have the documented fields
   */
  list(signal: AbortSignal): Promise<readonly InventoryEntry[]>;
}

/** Environment and namespace in which services are registered. */
export interface DeploymentScope {
  readonly env: string;
  /** Empty: none. */
  readonly namespace: string;
}
/** The owner mark in every entry of ours. */
export const ownerMark = ({ env, namespace }: DeploymentScope): string =>
  ["rollcall", env, namespace].filter(Boolean).join("/");
