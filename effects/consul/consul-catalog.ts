import { ConsulAgentServices } from "./consul-agent.ts";
import type { ConsulClient } from "./consul-client.ts";
import { ConsulDiscovery } from "./consul-discovery.ts";
import { ConsulTransactions } from "./consul-transactions.ts";
import { ExternalNode } from "./external-node.ts";
import type { DeploymentScope, ServiceCatalog } from "../service-catalog/service-registry.ts";

export interface ConsulCatalogOptions extends DeploymentScope {
  /** `CONSUL_REGISTRATION`. */
  readonly registration: "txn" | "agent";
}

/**
 * Consul as the service catalog of a process.
 * @returns the catalog of a domain: one for all its effects. Domains share connections and the fence of the external
 * node, and never touch each other's services
 */
export function consulCatalog(client: ConsulClient, options: ConsulCatalogOptions): (domain: string) => ServiceCatalog {
  const node = new ExternalNode(client, options);
  return (domain) => {
    const scope = { ...options, domain };
    return {
      registry:
        options.registration === "agent"
          ? new ConsulAgentServices(client, scope)
          : new ConsulTransactions(client, node, scope),
      discovery: new ConsulDiscovery(client, scope),
    };
  };
}
