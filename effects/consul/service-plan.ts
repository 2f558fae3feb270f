import type { Check } from "../service-catalog/messages.ts";
import { serviceRefused } from "../service-catalog/faults.ts";
import type { WriteResult, ServiceRegistration, ServiceChange } from "../service-catalog/service-registry.ts";
import type { ConsulCheck, ConsulService, Operation } from "./transaction.ts";

/** A service on our node with its check. */
export interface StoredService {
  readonly service: ConsulService;
  /** Undefined: someone deleted it. */
  readonly check: ConsulCheck | undefined;
}
/** What Consul has under a service id on our node. */
export type StoredServiceOrAbsent = StoredService | "absent";

/** RFC 2606 reserves `.invalid`, it never resolves. Without it, a service without an address gets its node's. */
export const NO_ADDRESS = "no-address.invalid";

export const checkIdOf = (serviceId: string): string => `rollcall:${serviceId}`;

const OWNERSHIP = "rollcall_";
/** What a service's Meta has beside that; undefined: nothing. */
export function ownMeta(meta: Readonly<Record<string, string>>): Readonly<Record<string, string>> | undefined {
  const own = Object.entries(meta).filter(([key]) => !key.startsWith(OWNERSHIP));
  return own.length === 0 ? undefined : Object.fromEntries(own);
}

/** The Meta of a service that names its owner, version and node. */
export const ownershipMeta = (owner: string, version: number, nodeId: string): Record<string, string> => ({
  rollcall_owner: owner,
  rollcall_version: String(version),
  rollcall_node_id: nodeId,
});

/** The check's name carries a version of its own, so that a change of status writes the check alone: half the work. */
const checkNameOf = (version: number): string => `Rollcall, version ${version}`;

interface OwnershipMarks {
  readonly Meta?: Readonly<Record<string, string>> | null | undefined;
  readonly checkName?: string | undefined;
}

export const ownershipOf = (found: StoredServiceOrAbsent): OwnershipMarks | "absent" =>
  found === "absent" ? found : { Meta: found.service.Meta, checkName: found.check?.Name };

/** The result of a change that needs no write; undefined for one that has to be written. Pure. */
export function resultWithoutWrite(
  change: ServiceChange,
  found: OwnershipMarks | "absent",
  owner: string,
): WriteResult | undefined {
  if (found === "absent") return change.kind === "register" ? undefined : "unchanged";
  const holder = found.Meta?.["rollcall_owner"];
  if (holder !== owner) {
    if (change.kind !== "register") return "unchanged";
    return serviceRefused(
      `service id ${change.serviceId} belongs to another owner: ` +
        (holder ?? `it lacks the meta rollcall_owner=${owner}`),
    );
  }
  return versionOf(found) > change.version ? "unchanged" : undefined;
}

/** The younger of the service's and its check's version. One that someone overwrote is 0: our next write repairs it. */
export const versionOf = ({ Meta, checkName = "" }: OwnershipMarks): number => {
  const versions = [Meta?.["rollcall_version"], /^Rollcall, version (\d+)$/.exec(checkName)?.[1]].map(Number);
  return Math.max(0, ...versions.filter(Number.isSafeInteger));
};

/** The operations of a change that has to be written; they fail when the service is no longer as found. Pure. */
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
    return [{ Check: { Verb: "cas", Check: checkOf(change, service, change.check, node, expectedIndex(check)) } }];
  }
  // Consul requires the service's name here. Removing a service removes its checks; so a check that was written since
  // it was read must make the transaction fail.
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
  const check = (expected?: ExpectedIndex) => checkOf(change, service, change.entry.check, node, expected);
  return [
    { Service: { Verb: "cas", Node: node, Service: service } },
    // An existing check with this id can't belong to the new service, and is overwritten.
    found === "absent"
      ? { Check: { Verb: "set", Check: check() } }
      : { Check: { Verb: "cas", Check: check(expectedIndex(found.check)) } },
  ];
}

const expectedIndex = (found: ConsulCheck | undefined) => ({ ModifyIndex: found?.ModifyIndex ?? 0 });
type ExpectedIndex = ReturnType<typeof expectedIndex>;

const serviceOf = ({ serviceId, version, entry }: ServiceRegistration, owner: string, index: number) => ({
  ID: serviceId,
  Service: entry.name,
  Tags: entry.tags,
  ...(entry.address !== null && { Address: entry.address }),
  ...(entry.port !== null && { Port: entry.port }),
  Meta: { ...entry.meta, ...ownershipMeta(owner, version, entry.nodeId) },
  ModifyIndex: index,
});

const checkOf = (
  { serviceId, version }: ServiceChange,
  { Service }: Pick<ConsulService, "Service">,
  { status, note }: Check,
  node: string,
  expected?: ExpectedIndex,
) => ({
  Node: node,
  CheckID: checkIdOf(serviceId),
  Name: checkNameOf(version),
  Status: status,
  Output: note,
  ServiceID: serviceId,
  ServiceName: Service,
  ...expected,
});
