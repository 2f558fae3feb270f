import type { CatalogService } from "../../contracts/registration/messages/inventory.ts";
import type { Check } from "../../contracts/registration/messages/intents.ts";
import type { Fault } from "../../runtime/core/fault.ts";

/** A service as it is to be found. */
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
  /** A younger version that is already there is never overwritten; the same version is written again: a repair. */
  readonly version: number;
}
export interface ServiceRegistration extends VersionedChange {
  readonly kind: "register";
  readonly entry: ServiceEntry;
}
/** Of a service that is not there, or another's: nothing to be done, whoever took it away. */
export interface ServiceStatusChange extends VersionedChange {
  readonly kind: "set_status";
  readonly check: Check;
}
/** As with a status: what is gone or another's stays so. */
export interface ServiceRemoval extends VersionedChange {
  readonly kind: "deregister";
}
export type ServiceChange = ServiceRegistration | ServiceStatusChange | ServiceRemoval;

/** `unchanged`: a younger version is there, or nothing of ours. */
export type WriteResult = "written" | "unchanged" | Fault;

/** Where services are registered: what the three `consul.*` effects write to. */
export interface ServiceRegistry {
  /**
   * Makes the changes, one ending each, in their order; one that is refused does not hold up the others. Never rejects.
   * Changes of one service are made one after the other. An entry without this registry's owner mark is left alone:
   * registering over it is refused, as it may be another's service that just has the same id.
   *
   * Faults: UNAVAILABLE, retryable: not done, or it is not known whether; CONSUL_REFUSED, not retryable: invalid, too
   * large, or owned by another.
   */
  apply(changes: readonly ServiceChange[], signal: AbortSignal): Promise<readonly WriteResult[]>;
}

/** What is registered, for whoever compares it with what should be. */
export interface ServiceInventory {
  /**
   * Every service with this registry's owner mark, as it was after the call began.
   * @throws Fault UNAVAILABLE, retryable: not told, not told whole, or in another shape than it should be
   */
  listOwned(signal: AbortSignal): Promise<readonly OwnedService[]>;
}

export interface OwnedService {
  readonly nodeId: string;
  /** Of the service or of its check, whichever is younger; 0 where someone wrote over it. */
  readonly version: number;
  readonly service: CatalogService;
}

/** Environment and namespace in which services are registered. */
export interface DeploymentScope {
  readonly env: string;
  /** Empty: none. */
  readonly namespace: string;
}
/** What stands in every entry that is ours. */
export const ownerMark = ({ env, namespace }: DeploymentScope): string =>
  ["rollcall", env, namespace].filter(Boolean).join("/");
