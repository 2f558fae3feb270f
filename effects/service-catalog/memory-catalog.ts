import { serviceRefused } from "./faults.ts";
import type { DiscoveredService } from "./service-discovery.ts";
import {
  type DomainScope,
  ownerMark,
  type ServiceCatalog,
  type ServiceChange,
  type ServiceRegistration,
  type WriteResult,
} from "./service-registry.ts";
import { hasWildcardAddress } from "./wildcard-address.ts";

interface StoredService {
  readonly owner: string;
  readonly version: number;
  /** Undefined: removed. An older version does not bring it back. */
  readonly entry: ServiceRegistration["entry"] | undefined;
}

/** Services by id. */
export type StoredServices = Map<string, StoredService>;

/**
 * A service catalog in memory, with the results that Consul has.
 * @param stored pass the same to catalogs of other domains, so that they share it
 */
export function memoryServiceCatalog(scope: DomainScope, stored: StoredServices = new Map()): ServiceCatalog {
  const owner = ownerMark(scope);
  const registered = () =>
    [...stored]
      .filter(([, service]) => service.owner === owner)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .flatMap(([id, { entry, version }]) => (entry ? [{ id, entry, version }] : []));
  return {
    registry: {
      apply: async (changes) => changes.map((change) => write(stored, owner, change)),
      list: async () =>
        registered().map(({ id, entry: { name, nodeId, tags, address, port, meta, check }, version }) => ({
          entityId: nodeId,
          version,
          content: {
            ...{ service_id: id, service_name: name, tags, address, port },
            ...(meta && { meta }),
            status: check.status,
          },
        })),
    },
    discovery: {
      services: async (name, passing) =>
        registered()
          .filter(({ entry }) => entry.name === name && (!passing || entry.check.status === "passing"))
          .map(discovered),
      probe: async () => ({ version: "memory 1" }),
    },
  };
}

function write(stored: StoredServices, owner: string, change: ServiceChange): WriteResult {
  const { kind, serviceId, version } = change;
  if (hasWildcardAddress(change)) return serviceRefused("Invalid service address");
  const held = stored.get(serviceId);
  if (held?.entry && held.owner !== owner)
    return kind === "register"
      ? serviceRefused(`service id ${serviceId} belongs to another owner: ${held.owner}`)
      : "unchanged";
  if (held && held.owner === owner && held.version > version) return "unchanged";
  if (kind === "set_status" && !held?.entry) return "unchanged";
  stored.set(serviceId, { owner, version, entry: entryAfter(change, held?.entry) });
  return "written";
}

function entryAfter(change: ServiceChange, before: StoredService["entry"]): StoredService["entry"] {
  if (change.kind === "register") return change.entry;
  return change.kind === "set_status" && before ? { ...before, check: change.check } : undefined;
}

const discovered = ({
  id,
  version,
  entry: { name, nodeId, tags, address, port, check },
}: {
  readonly id: string;
  readonly version: number;
  readonly entry: ServiceRegistration["entry"];
}): DiscoveredService => ({
  service_id: id,
  service_name: name,
  node_id: nodeId,
  address: address ?? "",
  port,
  tags,
  ...check,
  version,
});
