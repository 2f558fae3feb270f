import type { Check } from "./messages.ts";
import type { InventoryEntry } from "../../runtime/core/drift.ts";
import type { Fault } from "../../runtime/core/fault.ts";
import type { ServiceDiscovery } from "./service-discovery.ts";

/** A service as discovery shows it. */
interface ServiceEntry {
  readonly name: string;
  readonly nodeId: string;
  readonly tags: readonly string[];
  readonly address: string | null;
  readonly port: number | null;
  readonly meta?: Readonly<Record<string, string>> | undefined;
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

/** What a domain's effects, its reconciliation and discovery use: one per domain and process. */
export interface ServiceCatalog {
  readonly registry: ServiceRegistry & ServiceInventory;
  readonly discovery: ServiceDiscovery;
}

/** Environment and namespace: all processes and domains of one installation have the same. */
export interface DeploymentScope {
  readonly env: string;
  /** Empty: none. */
  readonly namespace: string;
}
/** A domain of an installation: the owner of the services that it registers. */
export interface DomainScope extends DeploymentScope {
  readonly domain: string;
}
/** The mark of what belongs to an installation as a whole. */
export const deploymentMark = ({ env, namespace }: DeploymentScope): string =>
  ["rollcall", env, namespace].filter(Boolean).join("/");
/**
 * The owner mark in every service entry. It names the domain: otherwise, the reconciliation of one domain would remove
 * the services of the others.
 */
export const ownerMark = (scope: DomainScope): string => `${deploymentMark(scope)}/${scope.domain}`;
