import { ConsulAgentServices } from "./consul-agent.ts";
import type { ConsulClient } from "./consul-client.ts";
import { ConsulTransactions } from "./consul-transactions.ts";
import type { Scope, ServiceHoldings, ServiceRegistry } from "../service-catalog/service-registry.ts";

export interface ConsulRegistryOptions extends Scope {
  /** `CONSUL_REGISTRATION`. */
  readonly registration: "txn" | "agent";
}

/** One for the three effects of a process: they share the fence of the external node. */
export const consulRegistry = (
  client: ConsulClient,
  options: ConsulRegistryOptions,
): ServiceRegistry & ServiceHoldings =>
  options.registration === "agent" ? new ConsulAgentServices(client, options) : new ConsulTransactions(client, options);
