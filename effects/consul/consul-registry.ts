import { ConsulAgentServices } from "./consul-agent.ts";
import type { ConsulClient } from "./consul-client.ts";
import { ConsulTransactions } from "./consul-transactions.ts";
import type { DeploymentScope, ServiceInventory, ServiceRegistry } from "../service-catalog/service-registry.ts";

export interface ConsulRegistryOptions extends DeploymentScope {
  /** `CONSUL_REGISTRATION`. */
  readonly registration: "txn" | "agent";
}

/** One registry for the three effects of a process, because they share the fence of the external node. */
export const createConsulRegistry = (
  client: ConsulClient,
  options: ConsulRegistryOptions,
): ServiceRegistry & ServiceInventory =>
  options.registration === "agent" ? new ConsulAgentServices(client, options) : new ConsulTransactions(client, options);
