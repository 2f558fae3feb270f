import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Logger } from "pino";
import { v7 } from "uuid";
import { BACKEND_VARIABLES, backendsOf } from "../../effects/backends.ts";
import { EmbeddedBroker } from "../../runtime/adapters/embedded-bus/embedded-broker.ts";
import { EmbeddedBus } from "../../runtime/adapters/embedded-bus/embedded-bus.ts";
import { KafkaBus } from "../../runtime/adapters/kafka/kafka-bus.ts";
import { PgliteNotices } from "../../runtime/adapters/pglite/pglite-notices.ts";
import { PgliteStore } from "../../runtime/adapters/pglite/pglite-store.ts";
import { PostgresNotices } from "../../runtime/adapters/postgres/postgres-notices.ts";
import { PostgresStore } from "../../runtime/adapters/postgres/postgres-store.ts";
import { ensureDayPartitions, migrate, type MigrationSet } from "../../runtime/adapters/sql/migrate.ts";
import { SystemClock } from "../../runtime/adapters/system-clock.ts";
import type { DomainCode } from "../../runtime/core/domain.ts";
import { utcDayOf } from "../../runtime/core/time.ts";
import type { Clock } from "../../runtime/ports/clock.ts";
import type { EventBus } from "../../runtime/ports/event-bus.ts";
import type { Notices } from "../../runtime/ports/notices.ts";
import type { Sql, Store } from "../../runtime/ports/store.ts";
import type { TrialProgress } from "../../runtime/shell/data-trial.ts";
import type { FillProgress } from "../../runtime/shell/projections/fill-projection.ts";
import { type Changing, changeProjections } from "../../runtime/shell/projections/change-projections.ts";
import { armFailpoint } from "../../runtime/shell/failpoint.ts";
import { claimStore } from "../../runtime/shell/deployment.ts";
import { StoredDoorKeys } from "../../runtime/shell/door-keys.ts";
import { DEFAULT_LIMITS, type ShellLimits } from "../../runtime/shell/limits.ts";
import { SharedBounds } from "../../runtime/shell/partitions/shared-bounds.ts";
import { contractInForce } from "../../runtime/stored/contract-sets.ts";
import { addFirstDoorKey } from "../../runtime/stored/door-keys.ts";
import { type Config, kafkaAccess } from "./config.ts";
import {
  type CompiledContracts,
  type DomainSource,
  readContracts,
  refuseBetweenDomains,
  refuseOlderState,
  resolveStartupContracts,
} from "./contracts-in-force.ts";
import { isServed } from "./configuration.ts";
import { consumerGroupOf, consumerGroupsOf, deploymentOf } from "./deployment.ts";
import { domainCodeOf, type Module, servedModules } from "./module.ts";
import { optionalVariables, setVariables } from "./module-variables.ts";
import { OwnBackends } from "./own-backends.ts";

const installedPath = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
export const MIGRATIONS = [
  { scope: "runtime", directory: installedPath("../../runtime/adapters/migrations") },
  { scope: "postgres", directory: installedPath("../../effects/postgres/migrations") },
  { scope: "table-catalog", directory: installedPath("../../effects/table-catalog/migrations") },
] as const;
/** Ours, then those of the modules, each in a schema of its own. */
export const migrationsOf = (modules: readonly Module[]): readonly MigrationSet[] => [
  ...MIGRATIONS,
  ...modules.flatMap(({ name, migrations }) =>
    migrations
      ? [{ scope: `module/${name}`, directory: fileURLToPath(migrations.href), schema: `rollcall_${name}` }]
      : [],
  ),
];
/** Of a key that signs what gateways add to messages. */
export const DOOR_SECRET_BYTES = 32;
const DAY_MS = 86_400_000;
const TRIAL_REPORT_MS = 5_000;
/** Names this process as owner of partitions, and in what it changes. */
export const PROCESS_NAME = `${hostname()}:${process.pid}`;

export interface HostOptions {
  /** Whose domains are served. */
  readonly modules: readonly Module[];
  /** Serves only these of their domains. */
  readonly only?: readonly string[];
  /** A folder with contracts that replace those of the domain that they name. */
  readonly contractsDir?: string;
  /** Whether the page may write to that folder; without one, to the folder of each domain. */
  readonly editable?: boolean;
  readonly limits?: Partial<ShellLimits>;
  /** No domain can be served any more: the process should report the error and exit. */
  readonly onFatal?: (error: unknown) => void;
  readonly log?: Pick<Logger, "info" | "warn" | "error">;
}

export interface ServedDomain {
  readonly module: Module;
  readonly source: DomainSource;
  readonly contracts: CompiledContracts;
  /** Those that its folder had at the start. */
  readonly folder: CompiledContracts;
  readonly backends: ReturnType<ReturnType<typeof backendsOf>>;
}

export type Shared = Awaited<ReturnType<typeof openShared>>;

/**
 * What the domains of a process share, and the contracts of each that are in force.
 * @throws as `composeHost`
 */
export async function openShared(config: Config, { log, ...options }: HostOptions) {
  const clock: Clock = new SystemClock();
  const failpoint = armFailpoint(config.ROLLCALL_FAILPOINT, config.NODE_ENV);
  // The contracts are checked against the effects before a store is opened, so the effects get it later.
  const opened: { store?: Store } = {};
  const sql: Sql = { query: (text, values) => (opened.store as Store).query(text, values) };
  const ownBackends = new OwnBackends((err) => log?.warn({ err }, "a backend of a module can't be closed"));
  try {
    const read = readDomains(config, { ...options, sql, clock, ownBackends });
    const names = read.map(({ source }) => source.code.domain);
    const consumerGroups = consumerGroupsOf(config, names);
    const store = (opened.store = await openStore(config));
    await migrate(store, migrationsOf(servedModules(options.modules, options.only)), {
      onApplied: () => failpoint("C13"),
      onProgress: (name, forMs) => log?.info(`the migration ${name} ${progressText(forMs)}`),
    });
    const deployment = await deploymentOf(config, consumerGroups);
    await claimStore(store, deployment);
    await ensureDayPartitions(store, nextDays(clock));
    await addFirstDoorKey(store, randomBytes(DOOR_SECRET_BYTES));
    const domains: ServedDomain[] = [];
    for (const domain of read) {
      const { code } = domain.source;
      const current = await contractInForce(store, code.domain);
      if (current) refuseOlderState(domain.contracts.domain, current);
      const filling = { store, domain: domain.contracts.domain, clock };
      const contracts = await changeProjections(filling, fillReporter(clock, code, log), (alongside) =>
        resolveStartupContracts(store, domain.contracts, domain.source, {
          isShared: !isEmbedded(config),
          isServed: async () => !isEmbedded(config) && isServed(store, code.domain, clock),
          by: `the start of ${PROCESS_NAME}`,
          warn: (text) => log?.warn({ domain: code.domain }, text),
          onTried: trialReporter(clock, code, log),
          alongside,
        }),
      );
      domains.push({ ...domain, contracts, folder: domain.contracts });
    }
    const broker = new EmbeddedBroker({ store, clock });
    const createBus = (domain: string): EventBus =>
      openBus(config, { broker, log, domain, onPartPublished: () => failpoint("C7") });
    const bounds = new SharedBounds({ ...DEFAULT_LIMITS, ...options.limits }, domains.length);
    const notices = openNotices(config, store, clock);
    const doorKeys = new StoredDoorKeys(store, clock);
    return { bounds, clock, createBus, deployment, domains, doorKeys, failpoint, notices, ownBackends, store };
  } catch (error) {
    // What is open would keep a process alive that serves nothing.
    await ownBackends.close();
    await opened.store?.close();
    throw error;
  }
}

const progressText = (forMs: number): string =>
  forMs === 0 ? "begins" : `goes on, for ${Math.round(forMs / 1_000)} s now: nothing is served before it is done`;

/** Logs, from time to time, how many entities were tried under the code's version. */
function trialReporter(clock: Clock, { domain, stateVersion }: DomainCode, log: HostOptions["log"]) {
  let nextAtMs = Number.NEGATIVE_INFINITY;
  return ({ tried, of }: TrialProgress): void => {
    if (tried < of && clock.monotonicMs() < nextAtMs) return;
    nextAtMs = clock.monotonicMs() + TRIAL_REPORT_MS;
    log?.info({ domain }, `${tried} of ${of} entities tried under stateVersion ${stateVersion}`);
  };
}

/** Logs, from time to time, how far a projection is filled. */
function fillReporter(clock: Clock, { domain }: DomainCode, log: HostOptions["log"]): Changing {
  let nextAtMs = clock.monotonicMs() + TRIAL_REPORT_MS;
  return {
    onFilled({ projection, version, filled, of }: FillProgress) {
      if (clock.monotonicMs() < nextAtMs) return;
      nextAtMs = clock.monotonicMs() + TRIAL_REPORT_MS;
      const what = `projection ${projection}, version ${version}`;
      log?.info({ domain }, `${what}: rows of ${filled} of ${of} entities; this process serves nothing before`);
    },
    onWaiting: (reason) => log?.warn({ domain }, `the start waits: ${reason}`),
  };
}

interface DomainParts {
  readonly sql: Sql;
  readonly clock: Clock;
  readonly ownBackends: OwnBackends;
}

/** The domains to serve, each with the contracts of its folder. */
function readDomains(
  config: Config,
  { modules, only, contractsDir, sql, clock, ownBackends }: HostOptions & DomainParts,
): Omit<ServedDomain, "folder">[] {
  const names = { env: config.ROLLCALL_ENV, namespace: config.ROLLCALL_NAMESPACE };
  const openBackends = backendsOf({ variables: config, scope: names, sql, clock });
  const domains = modules.flatMap((module) =>
    module.domains
      .filter(({ name }) => only?.includes(name) ?? true)
      .map(({ name, contracts: { href }, code }) => {
        const variables = config.ofModules[module.name] ?? {};
        const backends = ownBackends.addTo(openBackends(name), module, variables);
        return {
          module,
          backends,
          directory: fileURLToPath(href),
          code: domainCodeOf(name, code(backends, variables), optionalVariables(module)),
        };
      }),
  );
  const codes = domains.map(({ code }) => code);
  const configured = new Set(modules.flatMap((module) => setVariables(config, module)));
  const edited =
    contractsDir === undefined ? undefined : readContracts({ directory: contractsDir, names, configured }, codes);
  const read = domains.map(({ module, backends, ...own }) => {
    const isEdited = edited?.domain.name === own.code.domain;
    const source = { ...own, names, configured, ...(isEdited && contractsDir && { directory: contractsDir }) };
    const contracts = isEdited ? edited : readContracts(source, [own.code]);
    // What they go by is there, so it is used: a wrong address refuses the start.
    if (contracts.model.variables.some(({ written }) => written in BACKEND_VARIABLES)) void backends.serviceCatalog;
    return { module, backends, source, contracts };
  });
  refuseBetweenDomains(
    read.map(({ contracts }) => contracts.model),
    names,
  );
  return read;
}

export const isEmbedded = ({ DATABASE_URL }: Config): boolean => DATABASE_URL === undefined;
export const busName = (config: Config): "rollcall" | "kafka" => (isEmbedded(config) ? "rollcall" : "kafka");

async function openStore(config: Config): Promise<Store> {
  if (config.DATABASE_URL === undefined)
    return PgliteStore.open({ directory: join(config.ROLLCALL_DATA_DIR, "store") });
  return new PostgresStore({
    url: config.DATABASE_URL,
    maxConnections: config.DATABASE_POOL_MAX,
    applicationName: "rollcall",
  });
}

function openNotices(config: Config, sql: Sql, clock: Clock): Notices {
  const { DATABASE_URL, DATABASE_LISTEN_URL: listenUrl = DATABASE_URL } = config;
  if (listenUrl === undefined) return new PgliteNotices();
  return new PostgresNotices({ sql, listenUrl, clock, process: v7() });
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

/** Of the journal: today and the two days after. */
export const nextDays = (clock: Clock): string[] => [0, 1, 2].map((days) => utcDayOf(clock.wallMs() + days * DAY_MS));
