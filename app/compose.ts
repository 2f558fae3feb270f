import { hostname } from "node:os";
import { join } from "node:path";
import { v7 } from "uuid";
import { ConsulCatalog } from "../effects/consul/consul-catalog.ts";
import { ConsulClient } from "../effects/consul/consul-client.ts";
import { consulRegistry } from "../effects/consul/consul-registry.ts";
import type { Catalog } from "../effects/catalogue/discovery.ts";
import type { ServiceHoldings, ServiceRegistry } from "../effects/catalogue/service-registry.ts";
import { TableCatalog } from "../effects/table-catalog/table-catalog.ts";
import { KafkaBus } from "../runtime/adapters/kafka-bus.ts";
import { ensureJournalPartitions, migrate } from "../runtime/adapters/migrate.ts";
import { PgliteStore } from "../runtime/adapters/pglite-store.ts";
import { PostgresStore } from "../runtime/adapters/postgres-store.ts";
import { SystemClock } from "../runtime/adapters/system-clock.ts";
import { TableBus } from "../runtime/adapters/table-bus.ts";
import { compileDomain } from "../runtime/contract/compile.ts";
import type { Diagnostic } from "../runtime/contract/diagnostic.ts";
import { validateDomain } from "../runtime/contract/validate.ts";
import type { Clock } from "../runtime/ports/clock.ts";
import type { EventBus } from "../runtime/ports/event-bus.ts";
import type { Sql, Store } from "../runtime/ports/store.ts";
import { armFailpoint, type Failpoint } from "../runtime/shell/failpoint.ts";
import type { ShellLimits } from "../runtime/shell/limits.ts";
import { Runtime } from "../runtime/shell/runtime.ts";
import type { ShellEvent } from "../runtime/shell/shell-event.ts";
import type { Config } from "./config.ts";
import { rememberContracts } from "./contract-history.ts";
import { kafkaAccess } from "./kafka-access.ts";
import { registrationOn } from "./registration-effects.ts";
import type { System } from "./system.ts";
import { installedTracing } from "./tracing.ts";

const here = (path: string): string => new URL(path, import.meta.url).pathname;
export const SHIPPED_CONTRACTS = here("../contracts/registration");
export const MIGRATIONS = [
  { scope: "runtime", directory: here("../runtime/adapters/migrations") },
  { scope: "postgres", directory: here("../effects/postgres/migrations") },
  { scope: "table-catalog", directory: here("../effects/table-catalog/migrations") },
] as const;
const DAY_MS = 86_400_000;

/** Contracts that can't run. */
export class ContractsRefused extends Error {
  readonly diagnostics: readonly Diagnostic[];
  constructor(diagnostics: readonly Diagnostic[]) {
    super("the contracts have errors");
    this.diagnostics = diagnostics;
  }
}

export interface ComposeOptions {
  readonly contractsDir?: string;
  readonly limits?: Partial<ShellLimits>;
  readonly onFatal?: (error: unknown) => void;
  readonly log?: (level: "info" | "warn" | "error", message: string, details?: object) => void;
}

/**
 * Builds a system from its configuration: contracts checked, store open and migrated. Nothing is consumed before
 * `system.runtime.start()`.
 * @throws ContractsRefused with every diagnostic; Fault of the store
 */
export async function composeSystem(config: Config, options: ComposeOptions = {}): Promise<System> {
  const clock = new SystemClock();
  const failpoint = armFailpoint(config.ROLLCALL_FAILPOINT, config.NODE_ENV);
  // Effects are built before there is a store, because the contracts are checked against them first.
  const late: { sql: Sql | undefined } = { sql: undefined };
  const sql: Sql = { query: (text, values) => (late.sql as Sql).query(text, values) };
  const { registry, catalog } = catalogOf(config, sql);
  const code = registrationOn(registry, sql, registry);
  const { set, diagnostics } = validateDomain(options.contractsDir ?? SHIPPED_CONTRACTS, code);
  if (!set || diagnostics.some(({ severity }) => severity === "error")) throw new ContractsRefused(diagnostics);
  const domain = compileDomain(set, code, { env: config.ROLLCALL_ENV, namespace: config.ROLLCALL_NAMESPACE });

  const store = await openStore(config);
  late.sql = store;
  const listeners = new Set<(event: ShellEvent) => void>();
  try {
    await migrate(store, MIGRATIONS, () => failpoint("C13"));
    await ensureJournalPartitions(store, comingDays(clock));
    for (const file of await rememberContracts(store, set, domain.hash))
      options.log?.("warn", `${file} changed under an unchanged contract_version: raise it, so that people can tell`);
  } catch (error) {
    await store.close();
    throw error;
  }
  const bus = busOf(config, store, clock, domain.name, failpoint, options);
  const runtime = new Runtime({
    domain,
    bus,
    store,
    clock,
    owner: `${hostname()}:${process.pid}:${v7()}`,
    partitions: config.ROLLCALL_PARTITIONS,
    ...(options.limits && { limits: options.limits }),
    observe: (event) => listeners.forEach((listener) => listener(event)),
    failpoint,
    tracing: installedTracing(config.KAFKA_BOOTSTRAP_SERVERS === undefined ? "rollcall" : "kafka"),
    onFatal: options.onFatal ?? ((error) => { throw error; }),
  }); // prettier-ignore
  const daily = setInterval(() => void ensureJournalPartitions(store, comingDays(clock)).catch(() => {}), DAY_MS / 4);
  daily.unref();

  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    clearInterval(daily);
    await runtime.stop();
    await store.close();
  };
  return {
    config,
    contracts: set,
    domain,
    messages: code.messages,
    runtime,
    store,
    bus,
    catalog,
    clock,
    watch: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop: () => (stopping ??= stop()),
  };
}

export const isEmbedded = ({ DATABASE_URL }: Config): boolean => DATABASE_URL === undefined;

async function openStore(config: Config): Promise<Store> {
  if (config.DATABASE_URL === undefined)
    return PgliteStore.open({ directory: join(config.ROLLCALL_DATA_DIR, "store") });
  return new PostgresStore({
    url: config.DATABASE_URL,
    maxConnections: config.DATABASE_POOL_MAX,
    applicationName: "rollcall",
  });
}

function catalogOf(config: Config, sql: Sql): { registry: ServiceRegistry & ServiceHoldings; catalog: Catalog } {
  const scope = { env: config.ROLLCALL_ENV, namespace: config.ROLLCALL_NAMESPACE };
  if (config.CONSUL_HTTP_ADDR === undefined) {
    const table = new TableCatalog(sql, scope);
    return { registry: table, catalog: table };
  }
  const { CONSUL_HTTP_ADDR: address, CONSUL_HTTP_TOKEN: token, CONSUL_REGISTRATION: registration } = config;
  const client = new ConsulClient({ address, ...(token !== undefined && { token }) });
  return { registry: consulRegistry(client, { ...scope, registration }), catalog: new ConsulCatalog(client, scope) };
}

function busOf(
  config: Config,
  store: Store,
  clock: Clock,
  domain: string,
  failpoint: Failpoint,
  options: ComposeOptions,
): EventBus {
  const { KAFKA_BOOTSTRAP_SERVERS: servers, ROLLCALL_ENV: env, ROLLCALL_NAMESPACE: namespace } = config;
  if (servers === undefined) return new TableBus({ store, clock });
  return new KafkaBus({
    brokers: servers.split(","),
    clientId: "rollcall",
    groupId: config.KAFKA_GROUP_ID ?? ["rollcall", env, namespace, domain].filter((part) => part !== "").join("."),
    ...kafkaAccess(config),
    clock,
    limits: { sessionTimeoutMs: config.KAFKA_SESSION_TIMEOUT_MS },
    log: (level, message, details) => options.log?.(level, message, details),
    onPartPublished: () => failpoint("C7"),
  });
}

const comingDays = (clock: Clock): string[] =>
  [0, 1, 2].map((days) => new Date(clock.wallMs() + days * DAY_MS).toISOString().slice(0, 10));
