import { hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Logger } from "pino";
import { v7 } from "uuid";
import { backendsOf } from "../../effects/backends.ts";
import { KafkaBus } from "../../runtime/adapters/kafka/kafka-bus.ts";
import { ensureJournalPartitions, migrate } from "../../runtime/adapters/sql/migrate.ts";
import { PgliteStore } from "../../runtime/adapters/pglite/pglite-store.ts";
import { PostgresStore } from "../../runtime/adapters/postgres/postgres-store.ts";
import { SystemClock } from "../../runtime/adapters/system-clock.ts";
import { EmbeddedBroker } from "../../runtime/adapters/embedded-bus/embedded-broker.ts";
import { EmbeddedBus } from "../../runtime/adapters/embedded-bus/embedded-bus.ts";
import type { Clock } from "../../runtime/ports/clock.ts";
import type { EventBus } from "../../runtime/ports/event-bus.ts";
import type { Sql, Store } from "../../runtime/ports/store.ts";
import { armFailpoint } from "../../runtime/shell/failpoint.ts";
import type { ShellLimits } from "../../runtime/shell/limits.ts";
import { Runtime } from "../../runtime/shell/runtime.ts";
import type { Observe } from "../../runtime/shell/shell-event.ts";
import { registrationOn } from "../modules/registration.ts";
import { type Config, kafkaAccess } from "./config.ts";
import { readContracts, resolveStartupContracts } from "./contracts-in-force.ts";
import { ReloadingRuntime } from "./reloading-runtime.ts";
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
  readonly log?: Pick<Logger, "info" | "warn" | "error">;
}

/**
 * Builds a system from its configuration: contracts checked and in force, store open and migrated. Nothing is consumed
 * before `system.runtime.start()`.
 * @throws InvalidContractsError with every diagnostic; IncompatibleContractsError; Fault of the store
 */
export async function composeSystem(config: Config, options: ComposeOptions = {}) {
  const { editable = false, limits, onFatal = rethrow } = options;
  const parts = await openParts(config, options);
  const { catalog, clock, contracts, failpoint, source, store } = parts;
  const listeners = new Set<Observe>();
  const observe: Observe = (event) => listeners.forEach((listener) => listener(event));
  const tracing = installedTracing(isEmbedded(config) ? "rollcall" : "kafka");
  const runtime = new ReloadingRuntime({
    ...{ contracts, source, store, clock, observe, onFatal },
    makeBus: () => createBus(config, parts, options),
    makeRuntime: ({ domain }, bus, onSuperseded) =>
      new Runtime({
        ...{ domain, bus, store, clock, observe, failpoint, onFatal, onSuperseded, tracing },
        owner: `${PROCESS_NAME}:${v7()}`,
        partitions: config.ROLLCALL_PARTITIONS,
        ...(limits && { limits }),
      }),
  });
  // Until the system is stopped, the journal's partitions of the days ahead are created in time.
  const timer = setInterval(() => void ensureJournalPartitions(store, nextDays(clock)).catch(() => {}), DAY_MS / 4);
  timer.unref();
  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    clearInterval(timer);
    await runtime.stop();
    await store.close();
  };
  return {
    config,
    /** The folder that a reload reads. */
    contractsDir: source.directory,
    /** Whether the page may write to that folder: in `rollcall dev`. */
    editable,
    /** The contracts in force. A reload replaces `model` and `domain`; the domain's name never changes. */
    get model() {
      return runtime.contracts.model;
    },
    get domain() {
      return runtime.contracts.domain;
    },
    /** Every message of the domain, with its schema. */
    messages: source.code.messages,
    ...{ runtime, store, bus: runtime.bus, catalog, clock },
    /** Calls the listener for each event of the shell, after it happened; the function returned ends it. */
    watch: (listener: Observe): (() => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    /** Drains and closes everything, within 10 s. Idempotent. */
    stop: (): Promise<void> => (stopping ??= stop()),
  };
}

const rethrow = (error: unknown): never => {
  throw error;
};

/** What a runtime is made of: contracts in force, an open store, and backends. */
async function openParts(config: Config, { contractsDir: directory = SHIPPED_CONTRACTS, log }: ComposeOptions) {
  const clock: Clock = new SystemClock();
  const failpoint = armFailpoint(config.ROLLCALL_FAILPOINT, config.NODE_ENV);
  // The contracts are checked against the effects before a store is opened, so the effects get it later.
  const opened: { store?: Store } = {};
  const sql: Sql = { query: (text, values) => (opened.store as Store).query(text, values) };
  const names = { env: config.ROLLCALL_ENV, namespace: config.ROLLCALL_NAMESPACE };
  const backends = backendsOf({ variables: config, scope: names, sql, clock })("registration");
  const catalog = backends.serviceCatalog.discovery;
  const source = { directory, code: registrationOn(backends), names };
  const folderContracts = readContracts(source);
  const store = await openStore(config);
  opened.store = store;
  try {
    await migrate(store, MIGRATIONS, () => failpoint("C13"));
    await ensureJournalPartitions(store, nextDays(clock));
    const contracts = await resolveStartupContracts(store, folderContracts, source, {
      isShared: !isEmbedded(config),
      by: `the start of ${PROCESS_NAME}`,
      warn: (text) => log?.warn(text),
    });
    const broker = new EmbeddedBroker({ store, clock });
    return { broker, catalog, clock, contracts, failpoint, source, store };
  } catch (error) {
    await store.close();
    throw error;
  }
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

function createBus(
  config: Config,
  { broker, clock, failpoint, source }: Awaited<ReturnType<typeof openParts>>,
  { log }: ComposeOptions,
): EventBus {
  const { KAFKA_BOOTSTRAP_SERVERS: servers, ROLLCALL_ENV: env, ROLLCALL_NAMESPACE: namespace } = config;
  if (servers === undefined) return new EmbeddedBus({ broker, domain: source.code.domain });
  const defaultGroup = ["rollcall", env, namespace, source.code.domain].filter((part) => part !== "").join(".");
  return new KafkaBus({
    ...kafkaAccess(config, servers),
    clientId: "rollcall",
    groupId: config.KAFKA_GROUP_ID ?? defaultGroup,
    clock,
    sessionTimeoutMs: config.KAFKA_SESSION_TIMEOUT_MS,
    log: (level, message, details) => log?.[level](details ?? {}, message),
    onPartPublished: () => failpoint("C7"),
  });
}

const nextDays = (clock: Clock): string[] =>
  [0, 1, 2].map((days) => new Date(clock.wallMs() + days * DAY_MS).toISOString().slice(0, 10));
