import type { Check } from "../../contracts/registration/messages/intents.ts";
import { consulRefused } from "../catalogue/faults.ts";
import type { Ending, Registration, ServiceChange } from "../catalogue/service-registry.ts";
import type { ConsulService, Operation } from "./transaction.ts";

/** What Consul has under a service id on our node. */
export type Found = ConsulService | "absent";

/** Reserved by RFC 2606, resolves nowhere: a service without an address must not seem to be at its node's. */
export const NO_ADDRESS = "no-address.invalid";

export const checkIdOf = (serviceId: string): string => `rollcall:${serviceId}`;

/** The marks in a service's Meta: whose it is, which version, of which node. */
export const metaOf = (owner: string, version: number, nodeId: string): Record<string, string> => ({
  rollcall_owner: owner,
  rollcall_version: String(version),
  rollcall_node_id: nodeId,
});

interface Marked {
  readonly Meta?: Readonly<Record<string, string>> | null | undefined;
}

/** How a change ends without a write, or undefined when it is to be written. Pure. */
export function settled(change: ServiceChange, found: Marked | "absent", owner: string): Ending | undefined {
  if (found === "absent") return change.kind === "register" ? undefined : "unchanged";
  if (found.Meta?.["rollcall_owner"] !== owner) {
    if (change.kind !== "register") return "unchanged";
    return consulRefused(
      `service id ${change.serviceId} is owned by another: it lacks the meta rollcall_owner=${owner}`,
    );
  }
  return versionOf(found) > change.version ? "unchanged" : undefined;
}

/** A version that someone wrote over counts as the oldest: our next write repairs it. */
const versionOf = ({ Meta }: Marked): number => {
  const version = Number(Meta?.["rollcall_version"] ?? Number.NaN);
  return Number.isSafeInteger(version) ? version : 0;
};

/** The operations of a change that is not settled; they fail when the service is no longer as found. Pure. */
export function operationsOf(change: ServiceChange, found: Found, owner: string, node: string): Operation[] {
  if (change.kind === "register") {
    const index = found === "absent" ? 0 : found.ModifyIndex;
    return withCheck(node, serviceOf(change, owner, index), change.entry.check);
  }
  if (found === "absent") return [];
  if (change.kind === "set_status") {
    const Meta = { ...found.Meta, rollcall_version: String(change.version) };
    return withCheck(node, { ...found, Meta }, change.check);
  }
  // Without its name Consul refuses to look at the service. Its checks go with it.
  const { ID, Service, ModifyIndex } = found;
  return [{ Service: { Verb: "delete-cas", Node: node, Service: { ID, Service, ModifyIndex } } }];
}

const serviceOf = ({ serviceId, version, entry }: Registration, owner: string, index: number): ConsulService => ({
  ID: serviceId,
  Service: entry.name,
  Tags: [...entry.tags],
  ...(entry.address !== null && { Address: entry.address }),
  ...(entry.port !== null && { Port: entry.port }),
  Meta: metaOf(owner, version, entry.nodeId),
  ModifyIndex: index,
});

const withCheck = (node: string, service: ConsulService, { status, note }: Check): Operation[] => [
  { Service: { Verb: "cas", Node: node, Service: service } },
  {
    Check: {
      Verb: "set",
      Check: {
        Node: node,
        CheckID: checkIdOf(service.ID),
        Name: "Rollcall",
        Status: status,
        Output: note,
        ServiceID: service.ID,
        ServiceName: service.Service,
      },
    },
  },
];
