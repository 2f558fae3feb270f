import { hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Logger } from "pino";
import { v7 } from "uuid";
import { backendsOf } from "../../effects/backends.ts";
import { EmbeddedBroker } from "../../runtime/adapters/embedded-bus/embedded-broker.ts";
import { EmbeddedBus } from "../../runtime/adapters/embedded-bus/embedded-bus.ts";
import { KafkaBus } from "../../runtime/adapters/kafka/kafka-bus.ts";
import { PgliteStore } from "../../runtime/adapters/pglite/pglite-store.ts";
import { PostgresStore } from "../../runtime/adapters/postgres/postgres-store.ts";
import { ensureJournalPartitions, migrate } from "../../runtime/adapters/sql/migrate.ts";
import { SystemClock } from "../../runtime/adapters/system-clock.ts";
import type { Clock } from "../../runtime/ports/clock.ts";
import type { EventBus } from "../../runtime/ports/event-bus.ts";
import type { Sql, Store } from "../../runtime/ports/store.ts";
import { armFailpoint } from "../../runtime/shell/failpoint.ts";
import type { ShellLimits } from "../../runtime/shell/limits.ts";
import { assertDeployment, claimStore } from "../../runtime/shell/deployment.ts";
import { Runtime } from "../../runtime/shell/runtime.ts";
import type { Observe } from "../../runtime/shell/shell-event.ts";
import { type Config, kafkaAccess } from "./config.ts";
import {
  type CompiledContracts,
  type DomainSource,
  readContracts,
  resolveStartupContracts,
} from "./contracts-in-force.ts";
import { consumerGroupOf, deploymentOf } from "./deployment.ts";
import type { Measure, Module } from "./module.ts";
import { ReloadingRuntime } from "./reloading-runtime.ts";
import { installedTracing } from "./tracing.ts";
import { Troubles } from "./troubles/troubles.ts";

const installedPath = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
export const MIGRATIONS = [
  { scope: "runtime", directory: installedPath("../../runtime/adapters/migrations") },
  { scope: "postgres", directory: installedPath("../../effects/postgres/migrations") },
  { scope: "table-catalog", directory: installedPath("../../effects/table-catalog/migrations") },
] as const;
const DAY_MS = 86_400_000;
/** Names this process as owner of partitions, and in what it changes. */
const PROCESS_NAME = `${hostname()}:${process.pid}`;

export interface HostOptions {
  /** Whose domains are served. */
  readonly modules: readonly Module[];
  /** Serves only these of their domains. */
  readonly only?: readonly string[];
  /** A folder with contracts that replace those of the domain that they name. */
  readonly contractsDir?: string;
  /** Whether the page may write to that folder. */
  readonly editable?: boolean;
  readonly limits?: Partial<ShellLimits>;
  /** No domain can be served any more: the process should report the error and exit. */
  readonly onFatal?: (error: unknown) => void;
  readonly log?: Pick<Logger, "info" | "warn" | "error">;
}

export type Host = Awaited<ReturnType<typeof composeHost>>;
/** One domain of a host. */
export type System = ReturnType<typeof composeSystem>;

/**
 * Builds a host from its configuration: contracts checked and in force, store open and migrated. Nothing is consumed
 * before `start()`.
 * @throws InvalidContractsError with every diagnostic; IncompatibleContractsError; Fault of the store
 */
export async function composeHost(config: Config, options: HostOptions) {
  const shared = await openShared(config, options);
  const { clock, domains, store } = shared;
  const systems = domains.map((domain): System => composeSystem(config, shared, domain, options, onFailure));
  for (const name of config.ROLLCALL_DOMAIN_PARTITIONS?.keys() ?? [])
    if (!systems.some((system) => system.name === name))
      options.log?.warn(`ROLLCALL_DOMAIN_PARTITIONS names ${name}, which is not served here`);
  const failed = new Set<System>();
  /** One that fails is started anew by its runtime, as long as there is another one to serve. */
  function onFailure(system: System, error: unknown): void {
    failed.add(system);
    if (failed.size === systems.length) return (options.onFatal ?? rethrow)(error);
    void system.runtime.restart(error).then(() => failed.delete(system));
  }
  // Until the host is stopped, the journal's partitions of the days ahead are created in time.
  const timer = setInterval(() => void ensureJournalPartitions(store, nextDays(clock)).catch(() => {}), DAY_MS / 4);
  timer.unref();
  let stopping: Promise<void> | undefined;
  const troubles = new Troubles({ systems, clock, isStopping: () => stopping !== undefined });
  const stop = async (): Promise<void> => {
    clearInterval(timer);
    troubles.stop();
    await Promise.all(systems.map(({ runtime }) => runtime.stop()));
    await store.close();
  };
  return {
    ...{ config, clock, store, troubles },
    systems: systems as readonly System[],
    /** @throws Error for a domain that is not served here */
    system(domain: string): System {
      const system = systems.find(({ name }) => name === domain);
      if (system) return system;
      throw new Error(`the domain ${domain} is not served here: ${systems.map(({ name }) => name).join(", ")} are`);
    },
    /** @throws as `Runtime.start`, when no domain can be started */
    async start(): Promise<void> {
      troubles.start();
      const started = await Promise.allSettled(systems.map(({ runtime }) => runtime.start()));
      const failures = started.flatMap((result, index) =>
        result.status === "rejected" ? [{ system: systems[index] as System, error: result.reason as unknown }] : [],
      );
      if (failures.length === systems.length) throw failures[0]?.error;
      for (const { system, error } of failures) onFailure(system, error);
    },
    /** Drains and closes everything, within 10 s. Idempotent. */
    stop: (): Promise<void> => (stopping ??= stop()),
  };
}

const rethrow = (error: unknown): never => {
  throw error;
};

interface ServedDomain {
  readonly module: Module;
  readonly source: DomainSource;
  readonly contracts: CompiledContracts;
  readonly backends: ReturnType<ReturnType<typeof backendsOf>>;
}

type Shared = Awaited<ReturnType<typeof openShared>>;

function composeSystem(
  config: Config,
  { clock, createBus, deployment, failpoint, store }: Shared,
  { module, source, contracts, backends }: ServedDomain,
  { editable = false, limits }: HostOptions,
  onFailure: (system: System, error: unknown) => void,
) {
  const { ROLLCALL_PARTITIONS: partitions, ROLLCALL_DOMAIN_PARTITIONS: partitionsByDomain } = config;
  const listeners = new Set<Observe>();
  const observe: Observe = (event) => listeners.forEach((listener) => listener(event));
  const onFatal = (error: unknown): void => onFailure(system, error);
  const runtime = new ReloadingRuntime({
    ...{ contracts, source, store, clock, observe, onFatal },
    makeBus: () => createBus(source.code.domain),
    makeRuntime: ({ domain }, bus, onSuperseded) =>
      new Runtime({
        ...{ domain, bus, store, clock, observe, failpoint, onFatal, onSuperseded },
        tracing: installedTracing(busName(config), domain.name),
        owner: `${PROCESS_NAME}:${v7()}`,
        confirmTakeover: (tx) => assertDeployment(tx, deployment),
        partitions: partitionsByDomain?.get(source.code.domain) ?? partitions,
        ...(limits && { limits }),
      }),
  });
  const system = {
    ...{ config, module, backends, editable, runtime, store, clock },
    name: source.code.domain,
    /** The durations that its module measures. */
    measures: measuresOf(module, source.code.domain),
    /** The folder that a reload reads. */
    contractsDir: source.directory,
    get catalog() {
      return backends.serviceCatalog.discovery;
    },
    /** The contracts in force. A reload replaces `model` and `domain`; the domain's name never changes. */
    get model() {
      return runtime.contracts.model;
    },
    get domain() {
      return runtime.contracts.domain;
    },
    /** Every message of the domain, with its schema. */
    messages: source.code.messages,
    bus: runtime.bus,
    /** Calls the listener for each event of the shell, after it happened; the function returned ends it. */
    watch: (listener: Observe): (() => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  return system;
}

const measuresOf = ({ domains }: Module, domain: string): readonly Measure[] =>
  domains.find(({ name }) => name === domain)?.measures ?? [];

/** What the domains of a process share, and the contracts of each that are in force. */
async function openShared(config: Config, { log, ...options }: HostOptions) {
  const clock: Clock = new SystemClock();
  const failpoint = armFailpoint(config.ROLLCALL_FAILPOINT, config.NODE_ENV);
  // The contracts are checked against the effects before a store is opened, so the effects get it later.
  const opened: { store?: Store } = {};
  const sql: Sql = { query: (text, values) => (opened.store as Store).query(text, values) };
  const read = readDomains(config, { ...options, sql, clock });
  const deployment = await deploymentOf(
    config,
    read.map(({ source }) => source.code.domain),
  );
  const store = await openStore(config);
  opened.store = store;
  try {
    await migrate(store, MIGRATIONS, () => failpoint("C13"));
    await claimStore(store, deployment);
    await ensureJournalPartitions(store, nextDays(clock));
    const domains: ServedDomain[] = [];
    for (const domain of read) {
      const contracts = await resolveStartupContracts(store, domain.contracts, domain.source, {
        isShared: !isEmbedded(config),
        by: `the start of ${PROCESS_NAME}`,
        warn: (text) => log?.warn({ domain: domain.source.code.domain }, text),
      });
      domains.push({ ...domain, contracts });
    }
    const broker = new EmbeddedBroker({ store, clock });
    const createBus = (domain: string): EventBus =>
      openBus(config, { broker, log, domain, onPartPublished: () => failpoint("C7") });
    return { clock, createBus, deployment, domains, failpoint, store };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** The domains to serve, each with the contracts of its folder. */
function readDomains(
  config: Config,
  { modules, only, contractsDir, sql, clock }: HostOptions & { readonly sql: Sql; readonly clock: Clock },
): ServedDomain[] {
  const names = { env: config.ROLLCALL_ENV, namespace: config.ROLLCALL_NAMESPACE };
  const openBackends = backendsOf({ variables: config, scope: names, sql, clock });
  const domains = modules.flatMap((module) =>
    module.domains
      .filter(({ name }) => only?.includes(name) ?? true)
      .map(({ name, contracts: { href }, code }) => {
        const backends = openBackends(name);
        return { module, backends, directory: fileURLToPath(href), code: { ...code(backends), domain: name } };
      }),
  );
  const codes = domains.map(({ code }) => code);
  const edited = contractsDir === undefined ? undefined : readContracts({ directory: contractsDir, names }, codes);
  return domains.map(({ module, backends, ...own }) => {
    const isEdited = edited?.domain.name === own.code.domain;
    const source = { ...own, names, ...(isEdited && contractsDir && { directory: contractsDir }) };
    return { module, backends, source, contracts: isEdited ? edited : readContracts(source, [own.code]) };
  });
}

export const isEmbedded = ({ DATABASE_URL }: Config): boolean => DATABASE_URL === undefined;
const busName = (config: Config): "rollcall" | "kafka" => (isEmbedded(config) ? "rollcall" : "kafka");

async function openStore(config: Config): Promise<Store> {
  if (config.DATABASE_URL === undefined)
    return PgliteStore.open({ directory: join(config.ROLLCALL_DATA_DIR, "store") });
  return new PostgresStore({
    url: config.DATABASE_URL,
    maxConnections: config.DATABASE_POOL_MAX,
    applicationName: "rollcall",
  });
}

interface BusParts {
  readonly log: HostOptions["log"] | undefined;
  readonly domain: string;
  readonly broker: EmbeddedBroker;
  readonly onPartPublished: () => void;
}

function openBus(config: Config, { broker, log, domain, onPartPublished }: BusParts): EventBus {
  const { KAFKA_BOOTSTRAP_SERVERS: servers } = config;
  if (servers === undefined) return new EmbeddedBus({ broker, domain });
  return new KafkaBus({
    ...kafkaAccess(config, servers),
    clientId: "rollcall",
    groupId: consumerGroupOf(config, domain),
    clock: broker.clock,
    sessionTimeoutMs: config.KAFKA_SESSION_TIMEOUT_MS,
    log: (level, message, details) => log?.[level]({ domain, ...details }, message),
    onPartPublished,
  });
}

const nextDays = (clock: Clock): string[] =>
  [0, 1, 2].map((days) => new Date(clock.wallMs() + days * DAY_MS).toISOString().slice(0, 10));
