import type { CatalogService } from "../service-catalog/messages.ts";
import { z } from "zod";
import { backendUnavailable } from "../service-catalog/faults.ts";
import type { InventoryEntry } from "../../runtime/core/drift.ts";
import type { ConsulClient } from "./consul-client.ts";
import { type ExternalNode, foreignNode } from "./external-node.ts";
import { checkIdOf, NO_ADDRESS, ownMeta, versionOf } from "./service-plan.ts";

/** Enough for some 50,000 services with their checks. Beyond it the read fails, and nothing is compared. */
const RESPONSE_BYTES_MAX = 24 * 1024 * 1024;

const Meta = z.record(z.string(), z.string()).nullish();
const Service = z.object({
  ID: z.string(),
  Service: z.string(),
  Tags: z.array(z.string()).nullish(),
  Address: z.string(),
  Port: z.number(),
  Meta,
});
const Services = z.record(z.string(), Service);
const Check = z.object({ CheckID: z.string(), Name: z.string(), Status: z.string() });
type Check = z.infer<typeof Check>;

// Consul answers null for a node that does not exist.
const CatalogNode = z.object({ Node: z.object({ Meta }), Services: Services.nullable() }).nullable();

/** The services of a domain on our external node, read from Consul's leader. */
export async function ownedServicesOnNode(
  client: ConsulClient,
  node: Pick<ExternalNode, "name" | "owner">,
  owner: string,
  signal: AbortSignal,
): Promise<readonly InventoryEntry[]> {
  const name = encodeURIComponent(node.name);
  const read = <Shape>(path: string, shape: z.ZodType<Shape>): Promise<Shape> =>
    client.read(
      { method: "GET", path, query: { consistent: "1" }, responseBytesMax: RESPONSE_BYTES_MAX },
      shape,
      signal,
    );
  // Checks are read first: a service that is written in between then seems to lack its check, and reconciliation looks
  // a second time before it repairs.
  const checks = await read(`/v1/health/node/${name}`, z.array(Check));
  const found = await read(`/v1/catalog/node/${name}`, CatalogNode);
  if (found && found.Node.Meta?.["rollcall_owner"] !== node.owner)
    throw backendUnavailable(foreignNode(node.name, node.owner));
  return toOwnedServices(Object.values(found?.Services ?? {}), checks, owner);
}

/** The services of a domain on our agent. With this way of registration all processes must use the same agent. */
export async function ownedServicesOfAgent(
  client: ConsulClient,
  owner: string,
  signal: AbortSignal,
): Promise<readonly InventoryEntry[]> {
  const read = <Shape>(path: string, shape: z.ZodType<Shape>): Promise<Shape> =>
    client.read({ method: "GET", path, responseBytesMax: RESPONSE_BYTES_MAX }, shape, signal);
  const checks = await read("/v1/agent/checks", z.record(z.string(), Check));
  return toOwnedServices(Object.values(await read("/v1/agent/services", Services)), Object.values(checks), owner);
}

function toOwnedServices(
  services: readonly z.infer<typeof Service>[],
  checks: readonly Check[],
  owner: string,
): readonly InventoryEntry[] {
  const checkOf = new Map(checks.map((check) => [check.CheckID, check]));
  return services.flatMap(({ ID, Service: name, Tags, Address, Port, Meta: meta }) => {
    if (meta?.["rollcall_owner"] !== owner) return [];
    const check = checkOf.get(checkIdOf(ID));
    const own = ownMeta(meta);
    const content: CatalogService = {
      service_id: ID,
      service_name: name,
      tags: Tags ?? [],
      address: Address === NO_ADDRESS || Address === "" ? null : Address,
      port: Port === 0 ? null : Port,
      ...(own && { meta: own }),
      status: check?.Status ?? null,
    };
    const version = versionOf({ Meta: meta, checkName: check?.Name });
    return [{ entityId: meta["rollcall_node_id"] ?? "", version, content }];
  });
}
