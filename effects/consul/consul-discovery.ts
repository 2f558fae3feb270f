import { z } from "zod";
import type { ConsulClient } from "./consul-client.ts";
import type { ServiceDiscovery, DiscoveredService } from "../service-catalog/service-discovery.ts";
import { backendUnavailable } from "../service-catalog/faults.ts";
import { NO_ADDRESS, checkIdOf, versionOf } from "./service-plan.ts";
import { ownerMark, type DomainScope } from "../service-catalog/service-registry.ts";

const HealthEntries = z.array(
  z.object({
    Service: z.object({
      ID: z.string(),
      Service: z.string(),
      Tags: z.array(z.string()).nullable(),
      Address: z.string(),
      Port: z.number(),
      Meta: z.record(z.string(), z.string()).nullable(),
    }),
    Checks: z.array(
      z.object({ CheckID: z.string(), Name: z.string(), Status: z.string(), Notes: z.string(), Output: z.string() }),
    ),
  }),
);
type HealthEntry = z.infer<typeof HealthEntries>[number];

/** Discovery from Consul, for both ways of registration. */
export class ConsulDiscovery implements ServiceDiscovery {
  readonly #client: ConsulClient;
  readonly #filter: string;

  constructor(client: ConsulClient, scope: DomainScope) {
    this.#client = client;
    this.#filter = `Service.Meta.rollcall_owner == ${JSON.stringify(ownerMark(scope))}`;
  }

  async services(name: string, passing: boolean): Promise<DiscoveredService[]> {
    const path = `/v1/health/service/${encodeURIComponent(name)}`;
    const query = { filter: this.#filter, ...(passing && { passing: "1" }) };
    const entries = await this.#client.read({ method: "GET", path, query }, HealthEntries);
    return entries.map(toDiscoveredService).sort((a, b) => (a.service_id < b.service_id ? -1 : 1));
  }

  async probe(): Promise<{ readonly version: string }> {
    const leader = await this.#client.read({ method: "GET", path: "/v1/status/leader" }, z.string());
    if (leader === "") throw backendUnavailable("Consul has no leader");
    // Reading the version needs the permission `agent:read`, which a token that only writes services lacks.
    const self = z.object({ Config: z.object({ Version: z.string() }) });
    const { version } = await this.#client.read({ method: "GET", path: "/v1/agent/self" }, self).then(
      ({ Config }) => ({ version: Config.Version }),
      () => ({ version: "unknown" }),
    );
    return { version };
  }
}

function toDiscoveredService({ Service, Checks }: HealthEntry): DiscoveredService {
  const own = Checks.find(({ CheckID }) => CheckID === checkIdOf(Service.ID));
  // As for `?passing`, every check counts, also the node's and that of an operator's maintenance mode.
  const failing = Checks.find(({ Status }) => Status !== "passing");
  const explainingCheck = failing ?? own;
  return {
    service_id: Service.ID,
    service_name: Service.Service,
    node_id: Service.Meta?.["rollcall_node_id"] ?? "",
    address: Service.Address === NO_ADDRESS ? "" : Service.Address,
    port: Service.Port === 0 ? null : Service.Port,
    tags: Service.Tags ?? [],
    status: failing === undefined ? "passing" : "critical",
    note: explainingCheck?.Notes || explainingCheck?.Output || "",
    version: versionOf({ Meta: Service.Meta, checkName: own?.Name }),
  };
}
