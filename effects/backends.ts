import { z } from "zod";
import type { Clock } from "../runtime/ports/clock.ts";
import type { Sql } from "../runtime/ports/store.ts";
import { ConsulClient, TOKEN_HEADER } from "./consul/consul-client.ts";
import { consulCatalog } from "./consul/consul-catalog.ts";
import type { DeploymentScope, ServiceCatalog } from "./service-catalog/service-registry.ts";
import { TableCatalog } from "./table-catalog/table-catalog.ts";

/** What the effects of one domain may use. Each is opened when it is first asked for, one of each per process. */
export interface Backends {
  /** The process's store, for tables of the domain's own. */
  readonly sql: Sql;
  /** Consul, or the table that takes its place. What is written there bears the domain's owner mark. */
  readonly serviceCatalog: ServiceCatalog;
  readonly clock: Clock;
}

/** Request headers that hold secrets, in lower case. */
export const SECRET_HEADERS = [TOKEN_HEADER] as const;

/** A backend that a domain has asked for. */
export interface OpenedBackend {
  /** `catalogue`, or that of a module's own: `module/name`. */
  readonly name: string;
  /** @throws Fault UNAVAILABLE, retryable: no answer */
  check(): Promise<{ readonly version: string }>;
}

/** The variables that backends are opened with, a part of the process's configuration. */
export const BACKEND_VARIABLES = {
  CONSUL_HTTP_ADDR: z.string().min(1).optional().describe("Consul, host:port or URL; without it the table catalogue"),
  CONSUL_HTTP_TOKEN: z.string().min(1).optional().describe("Consul's token (secret)"),
  CONSUL_REGISTRATION: z
    .enum(["txn", "agent"])
    .default("txn")
    .describe("how services are written: txn, in transactions, or agent"),
};

export interface BackendOptions {
  readonly variables: z.output<z.ZodObject<typeof BACKEND_VARIABLES>>;
  readonly scope: DeploymentScope;
  readonly sql: Sql;
  readonly clock: Clock;
}

/** `opened`: those that the domain has asked for; nothing else is asked whether it can be reached. */
export type DomainBackends = Backends & { readonly opened: readonly OpenedBackend[] };

/**
 * The backends of a process.
 * @returns those of a domain
 * @throws Error, when Consul is first asked for: an invalid address or token
 */
export function backendsOf({ variables, scope, sql, clock }: BackendOptions): (domain: string) => DomainBackends {
  const openCatalogs = (): ((domain: string) => ServiceCatalog) => {
    const { CONSUL_HTTP_ADDR: address, CONSUL_HTTP_TOKEN: token, CONSUL_REGISTRATION: registration } = variables;
    if (address === undefined)
      return (domain) => {
        const table = new TableCatalog(sql, { ...scope, domain });
        return { registry: table, discovery: table };
      };
    const client = new ConsulClient({ address, ...(token !== undefined && { token }) });
    return consulCatalog(client, { ...scope, registration });
  };
  let catalogs: ReturnType<typeof openCatalogs> | undefined;
  return (domain) => {
    let own: ServiceCatalog | undefined;
    return {
      sql,
      clock,
      get serviceCatalog() {
        return (own ??= (catalogs ??= openCatalogs())(domain));
      },
      get opened() {
        return own ? [{ name: "catalogue", check: own.discovery.probe.bind(own.discovery) } as const] : [];
      },
    };
  };
}

const refuse = (): never => {
  throw new Error("this module was composed without backends");
};

/** For commands that check, draw or replay contracts: an effect that is called throws. */
export const withoutBackends: Backends = {
  sql: { query: refuse },
  serviceCatalog: {
    registry: { apply: refuse, list: refuse },
    discovery: { services: refuse, probe: refuse },
  },
  clock: { monotonicMs: refuse, wallMs: refuse, after: refuse, afterIo: refuse, random: refuse },
};
