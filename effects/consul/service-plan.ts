import type { Check } from "../../contracts/registration/messages/intents.ts";
import { consulRefused } from "../service-catalog/faults.ts";
import type { WriteResult, ServiceRegistration, ServiceChange } from "../service-catalog/service-registry.ts";
import type { ConsulCheck, ConsulService, Operation } from "./transaction.ts";

/** A service of our node with its check. */
export interface StoredService {
  readonly service: ConsulService;
  /** Undefined: someone took it away. */
  readonly check: ConsulCheck | undefined;
}
/** What Consul has under a service id on our node. */
export type StoredServiceOrAbsent = StoredService | "absent";

/** Reserved by RFC 2606, resolves nowhere: a service without an address must not seem to be at its node's. */
export const NO_ADDRESS = "no-address.invalid";

export const checkIdOf = (serviceId: string): string => `rollcall:${serviceId}`;

/** The marks in a service's Meta: whose it is, which version, of which node. */
export const ownershipMeta = (owner: string, version: number, nodeId: string): Record<string, string> => ({
  rollcall_owner: owner,
  rollcall_version: String(version),
  rollcall_node_id: nodeId,
});

/** A status changes the check alone, which costs Consul half: so the check has a version of its own, in its name. */
const checkNameOf = (version: number): string => `Rollcall, version ${version}`;

interface OwnershipMarks {
  readonly Meta?: Readonly<Record<string, string>> | null | undefined;
  readonly checkName?: string | undefined;
}

export const ownershipOf = (found: StoredServiceOrAbsent): OwnershipMarks | "absent" =>
  found === "absent" ? found : { Meta: found.service.Meta, checkName: found.check?.Name };

/** How a change ends without a write, or undefined when it is to be written. Pure. */
export function resultWithoutWrite(
  change: ServiceChange,
  found: OwnershipMarks | "absent",
  owner: string,
): WriteResult | undefined {
  if (found === "absent") return change.kind === "register" ? undefined : "unchanged";
  if (found.Meta?.["rollcall_owner"] !== owner) {
    if (change.kind !== "register") return "unchanged";
    return consulRefused(
      `service id ${change.serviceId} is owned by another: it lacks the meta rollcall_owner=${owner}`,
    );
  }
  return versionOf(found) > change.version ? "unchanged" : undefined;
}

/**
 * The service's or its check's, whichever is younger. One that someone wrote over counts as the oldest: our next write
 * repairs it.
 */
export const versionOf = ({ Meta, checkName = "" }: OwnershipMarks): number => {
  const versions = [Meta?.["rollcall_version"], /^Rollcall, version (\d+)$/.exec(checkName)?.[1]].map(Number);
  return Math.max(0, ...versions.filter(Number.isSafeInteger));
};

/** The operations of a change that is not settled; they fail when the service is no longer as found. Pure. */
export function operationsOf(
  change: ServiceChange,
  found: StoredServiceOrAbsent,
  owner: string,
  node: string,
): Operation[] {
  if (change.kind === "register") return registerOperations(change, found, owner, node);
  if (found === "absent") return [];
  const { service, check } = found;
  if (change.kind === "set_status") {
    return [
      { Check: { Verb: "cas", Check: { ...checkOf(change, service, change.check, node), ...expectedIndex(check) } } },
    ];
  }
  // Without its name Consul refuses to look at the service. Its checks go with it, but not one that is younger.
  const { ID, Service, ModifyIndex } = service;
  const removal: Operation = { Service: { Verb: "delete-cas", Node: node, Service: { ID, Service, ModifyIndex } } };
  if (check === undefined) return [removal];
  const { CheckID } = check;
  return [{ Check: { Verb: "delete-cas", Check: { Node: node, CheckID, ...expectedIndex(check) } } }, removal];
}

function registerOperations(
  change: ServiceRegistration,
  found: StoredServiceOrAbsent,
  owner: string,
  node: string,
): Operation[] {
  const service = serviceOf(change, owner, found === "absent" ? 0 : found.service.ModifyIndex);
  const check = checkOf(change, service, change.entry.check, node);
  return [
    { Service: { Verb: "cas", Node: node, Service: service } },
    // What has the id of a new service's check can't be that service's.
    found === "absent"
      ? { Check: { Verb: "set", Check: check } }
      : { Check: { Verb: "cas", Check: { ...check, ...expectedIndex(found.check) } } },
  ];
}

const expectedIndex = (found: ConsulCheck | undefined) => ({ ModifyIndex: found?.ModifyIndex ?? 0 });

const serviceOf = ({ serviceId, version, entry }: ServiceRegistration, owner: string, index: number) => ({
  ID: serviceId,
  Service: entry.name,
  Tags: entry.tags,
  ...(entry.address !== null && { Address: entry.address }),
  ...(entry.port !== null && { Port: entry.port }),
  Meta: ownershipMeta(owner, version, entry.nodeId),
  ModifyIndex: index,
});

const checkOf = (
  { serviceId, version }: ServiceChange,
  { Service }: Pick<ConsulService, "Service">,
  { status, note }: Check,
  node: string,
) => ({
  Node: node,
  CheckID: checkIdOf(serviceId),
  Name: checkNameOf(version),
  Status: status,
  Output: note,
  ServiceID: serviceId,
  ServiceName: Service,
});
