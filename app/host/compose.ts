import { hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { v7 } from "uuid";
import { ConsulDiscovery } from "../../effects/consul/consul-discovery.ts";
import { ConsulClient } from "../../effects/consul/consul-client.ts";
import { createConsulRegistry } from "../../effects/consul/consul-registry.ts";
import type { ServiceDiscovery } from "../../effects/service-catalog/service-discovery.ts";
import type { ServiceInventory, ServiceRegistry } from "../../effects/service-catalog/service-registry.ts";
import { TableCatalog } from "../../effects/table-catalog/table-catalog.ts";
import { KafkaBus } from "../../runtime/adapters/kafka/kafka-bus.ts";
import { ensureJournalPartitions, migrate } from "../../runtime/adapters/sql/migrate.ts";
import { PgliteStore } from "../../runtime/adapters/pglite/pglite-store.ts";
import { PostgresStore } from "../../runtime/adapters/postgres/postgres-store.ts";
import { SystemClock } from "../../runtime/adapters/system-clock.ts";
import { EmbeddedBus } from "../../runtime/adapters/embedded-bus/embedded-bus.ts";
import type { Clock } from "../../runtime/ports/clock.ts";
import type { EventBus } from "../../runtime/ports/event-bus.ts";
import type { Sql, Store } from "../../runtime/ports/store.ts";
import { armFailpoint, type Failpoint } from "../../runtime/shell/failpoint.ts";
import type { ShellLimits } from "../../runtime/shell/limits.ts";
import { Runtime } from "../../runtime/shell/runtime.ts";
import type { Observe } from "../../runtime/shell/shell-event.ts";
import type { Config } from "./config.ts";
import { type CompiledContracts, unversionedChangeWarning } from "./contract-history.ts";
import {
  type DomainSource,
  type StartupContracts,
  resolveStartupContracts,
  readContracts,
} from "./contracts-in-force.ts";
import { kafkaAccess } from "./kafka-access.ts";
import { withBackends } from "../modules/registration.ts";
import { ReloadingRuntime } from "./reloading-runtime.ts";
import type { System } from "./system.ts";
import { installedTracing } from "./tracing.ts";

const installedPath = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
export const SHIPPED_CONTRACTS = installedPath("../../contracts/registration");
export const MIGRATIONS = [
  { scope: "runtime", directory: installedPath("../../runtime/adapters/migrations") },
  { scope: "postgres", directory: installedPath("../../effects/postgres/migrations") },
  { scope: "table-catalog", directory: installedPath("../../effects/table-catalog/migrations") },
] as const;
const DAY_MS = 86_400_000;
/** Names this process as owner of partitions, and in what it changes. */
const PROCESS_NAME = `${hostname()}:${process.pid}`;

export interface ComposeOptions {
  readonly contractsDir?: string;
  /** Whether the page may write to the contracts' folder. */
  readonly editable?: boolean;
  readonly limits?: Partial<ShellLimits>;
  readonly onFatal?: (error: unknown) => void;
  readonly log?: (level: "info" | "warn" | "error", message: string, details?: object) => void;
}

/**
 * Builds a system from its configuration: contracts checked and in force, store open and migrated. Nothing is consumed
 * before `system.runtime.start()`.
 * @throws InvalidContractsError with every diagnostic; IncompatibleContractsError; Fault of the store
 */
export async function composeSystem(config: Config, options: ComposeOptions = {}): Promise<System> {
  const clock = new SystemClock();
  const failpoint = armFailpoint(config.ROLLCALL_FAILPOINT, config.NODE_ENV);
  // The contracts are checked against the effects before a store is opened, so the effects get it later.
  const storeReference: { sql: Sql | undefined } = { sql: undefined };
  const sql: Sql = { query: (text, values) => (storeReference.sql as Sql).query(text, values) };
  const { registry, catalog } = createCatalog(config, sql);
  const code = withBackends(registry, sql, registry);
  const directory = options.contractsDir ?? SHIPPED_CONTRACTS;
  const source = { directory, code, names: { env: config.ROLLCALL_ENV, namespace: config.ROLLCALL_NAMESPACE } };
  const folderContracts = readContracts(source);

  const store = await openStore(config);
  storeReference.sql = store;
  const startup = await prepareStore(store, clock, () => failpoint("C13"))
    .then(() =>
      resolveStartupContracts(store, folderContracts, source, {
        isShared: !isEmbedded(config),
        by: `the start of ${PROCESS_NAME}`,
      }),
    )
    .catch(async (error: unknown) => {
      await store.close();
      throw error;
    });
  logContractWarnings(startup, folderContracts, options);

  const listeners = new Set<Observe>();
  const observe: Observe = (event) => listeners.forEach((listener) => listener(event));
  const parts = { config, options, source, store, clock, failpoint, observe };
  const runtime = createRuntime(startup.contracts, parts);
  return {
    ...{ config, contractsDir: directory, editable: options.editable ?? false },
    get model() {
      return runtime.contracts.model;
    },
    get domain() {
      return runtime.contracts.domain;
    },
    ...{ messages: code.messages, runtime, store, bus: runtime.bus, catalog, clock },
    watch: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop: createStop(runtime, store, clock),
  };
}

interface RuntimeParts {
  readonly config: Config;
  readonly options: ComposeOptions;
  readonly source: DomainSource;
  readonly store: Store;
  readonly clock: Clock;
  readonly failpoint: Failpoint;
  readonly observe: Observe;
}

function createRuntime(contracts: CompiledContracts, parts: RuntimeParts): ReloadingRuntime {
  const { config, options, source, store, clock, failpoint, observe } = parts;
  const tracing = installedTracing(isEmbedded(config) ? "rollcall" : "kafka");
  const onFatal = options.onFatal ?? rethrow;
  return new ReloadingRuntime({
    ...{ contracts, source, store, clock, observe, onFatal },
    makeBus: () => createBus(parts),
    makeRuntime: ({ domain }, bus, onSuperseded) =>
      new Runtime({
        ...{ domain, bus, store, clock, observe, failpoint, onFatal, onSuperseded, tracing },
        owner: `${PROCESS_NAME}:${v7()}`,
        partitions: config.ROLLCALL_PARTITIONS,
        ...(options.limits && { limits: options.limits }),
      }),
  });
}

const rethrow = (error: unknown): never => {
  throw error;
};

/** Until it is called, the journal's partitions of the days ahead are created in time. */
function createStop(runtime: ReloadingRuntime, store: Store, clock: Clock): () => Promise<void> {
  const timer = setInterval(() => void ensureJournalPartitions(store, nextDays(clock)).catch(() => {}), DAY_MS / 4);
  timer.unref();
  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    clearInterval(timer);
    await runtime.stop();
    await store.close();
  };
  return () => (stopping ??= stop());
}

async function prepareStore(store: Store, clock: Clock, onMigrated: () => void): Promise<void> {
  await migrate(store, MIGRATIONS, onMigrated);
  await ensureJournalPartitions(store, nextDays(clock));
}

function logContractWarnings(
  { contracts, unversionedChanges }: StartupContracts,
  folderContracts: CompiledContracts,
  { log }: ComposeOptions,
): void {
  for (const file of unversionedChanges) log?.("warn", unversionedChangeWarning(file));
  const [inForce, inFolder] = [contracts, folderContracts].map(({ domain }) => domain.contractHash);
  if (inForce === inFolder) return;
  log?.(
    "warn",
    `the folder's contracts (${inFolder?.slice(0, 12)}) were replaced by other contracts, which stay in force ` +
      `(${inForce?.slice(0, 12)}). To go back to the folder's: rollcall reload`,
  );
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

function createCatalog(
  config: Config,
  sql: Sql,
): { registry: ServiceRegistry & ServiceInventory; catalog: ServiceDiscovery } {
  const scope = { env: config.ROLLCALL_ENV, namespace: config.ROLLCALL_NAMESPACE };
  if (config.CONSUL_HTTP_ADDR === undefined) {
    const table = new TableCatalog(sql, scope);
    return { registry: table, catalog: table };
  }
  const { CONSUL_HTTP_ADDR: address, CONSUL_HTTP_TOKEN: token, CONSUL_REGISTRATION: registration } = config;
  const client = new ConsulClient({ address, ...(token !== undefined && { token }) });
  return {
    registry: createConsulRegistry(client, { ...scope, registration }),
    catalog: new ConsulDiscovery(client, scope),
  };
}

function createBus({ config, options, source, store, clock, failpoint }: RuntimeParts): EventBus {
  const { KAFKA_BOOTSTRAP_SERVERS: servers, ROLLCALL_ENV: env, ROLLCALL_NAMESPACE: namespace } = config;
  if (servers === undefined) return new EmbeddedBus({ store, clock });
  const defaultGroup = ["rollcall", env, namespace, source.code.domain].filter((part) => part !== "").join(".");
  return new KafkaBus({
    brokers: servers.split(","),
    clientId: "rollcall",
    groupId: config.KAFKA_GROUP_ID ?? defaultGroup,
    ...kafkaAccess(config),
    clock,
    sessionTimeoutMs: config.KAFKA_SESSION_TIMEOUT_MS,
    log: (level, message, details) => options.log?.(level, message, details),
    onPartPublished: () => failpoint("C7"),
  });
}

const nextDays = (clock: Clock): string[] =>
  [0, 1, 2].map((days) => new Date(clock.wallMs() + days * DAY_MS).toISOString().slice(0, 10));
