import { v7 } from "uuid";
import { PgliteLocks } from "../../runtime/adapters/pglite/pglite-locks.ts";
import { PostgresLocks } from "../../runtime/adapters/postgres/postgres-locks.ts";
import { ensureDayPartitions } from "../../runtime/adapters/sql/migrate.ts";
import type { DomainModel } from "../../runtime/contract/model/domain-model.ts";
import { assertDeployment } from "../../runtime/shell/deployment.ts";
import { Runtime } from "../../runtime/shell/runtime.ts";
import type { Observe } from "../../runtime/shell/shell-event.ts";
import type { Config } from "./config.ts";
import { domainAccessOf, jobContextOf } from "./job-context.ts";
import { Jobs, type ServedJob } from "./jobs.ts";
import {
  busName,
  DAY_MS,
  type HostOptions,
  nextDays,
  openShared,
  PROCESS_NAME,
  type ServedDomain,
  type Shared,
} from "./open-shared.ts";
import { ReloadingRuntime } from "./reloading-runtime.ts";
import { installedTracing } from "./tracing.ts";
import { Troubles } from "./troubles/troubles.ts";

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
  const { clock, domains, ownBackends, store } = shared;
  const host = { onFailure, models: () => systems.map(({ model }) => model) };
  const systems: readonly System[] = domains.map((domain) => composeSystem(config, shared, domain, options, host));
  for (const name of config.ROLLCALL_DOMAIN_PARTITIONS?.keys() ?? [])
    if (!systems.some((system) => system.name === name))
      options.log?.warn(`ROLLCALL_DOMAIN_PARTITIONS names ${name}, which is not served here`);
  /** One that fails is started anew by its runtime, as long as there is another one to serve. */
  function onFailure(system: System, error: unknown): void {
    const isOneLeft = systems.some((other) => other !== system && !other.runtime.failure);
    if (!isOneLeft) return (options.onFatal ?? rethrow)(error);
    void system.runtime.restart(error);
  }
  const jobs = new Jobs(
    systems.flatMap((system) => system.jobs),
    config.DATABASE_URL === undefined ? new PgliteLocks() : new PostgresLocks(config.DATABASE_URL),
    clock,
  );
  // Until the host is stopped, the journal's partitions of the days ahead are created in time.
  const timer = setInterval(() => void ensureDayPartitions(store, nextDays(clock)).catch(() => {}), DAY_MS / 4);
  timer.unref();
  let stopping: Promise<void> | undefined;
  const troubles = new Troubles({
    ...{ systems, clock, isStopping: () => stopping !== undefined, jobs: () => jobs.status() },
  });
  const stop = async (): Promise<void> => {
    clearInterval(timer);
    troubles.stop();
    await jobs.stop();
    await Promise.all(systems.map(({ runtime }) => runtime.stop()));
    await ownBackends.close();
    await store.close();
  };
  return {
    ...{ config, clock, jobs, store, systems, troubles },
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
      jobs.start();
    },
    /** Drains and closes everything, within 10 s. Idempotent. */
    stop: (): Promise<void> => (stopping ??= stop()),
  };
}

const rethrow = (error: unknown): never => {
  throw error;
};

interface HostOfSystem {
  readonly onFailure: (system: System, error: unknown) => void;
  /** The contracts of all its domains that are in force. */
  readonly models: () => readonly DomainModel[];
}

function composeSystem(
  config: Config,
  { bounds, clock, createBus, deployment, failpoint, store }: Shared,
  { module, source, contracts, backends }: ServedDomain,
  { editable = false, contractsDir = source.directory, limits }: HostOptions,
  host: HostOfSystem,
) {
  const { ROLLCALL_PARTITIONS: partitions, ROLLCALL_DOMAIN_PARTITIONS: partitionsByDomain } = config;
  const listeners = new Set<Observe>();
  const share = bounds.share();
  const observe: Observe = (event) => listeners.forEach((listener) => listener(event));
  const onFatal = (error: unknown): void => host.onFailure(system, error);
  const runtime = new ReloadingRuntime({
    ...{ contracts, source, store, clock, observe, onFatal, hostModels: host.models },
    makeBus: () => createBus(source.code.domain),
    makeRuntime: ({ domain }, bus, onSuperseded) =>
      new Runtime({
        ...{ domain, bounds: share, bus, store, clock, observe, failpoint, onFatal, onSuperseded },
        tracing: installedTracing(busName(config), domain.name),
        owner: `${PROCESS_NAME}:${v7()}`,
        confirmTakeover: (tx) => assertDeployment(tx, deployment),
        partitions: partitionsByDomain?.get(source.code.domain) ?? partitions,
        ...(limits && { limits }),
      }),
  });
  const { jobs = [], measures = [] } = module.domains.find(({ name }) => name === source.code.domain) ?? {};
  const parts = { backends, variables: config.ofModules[module.name] ?? {}, runtime, store };
  const jobContext = jobContextOf(parts);
  const system = {
    // `measures`: the durations that its module measures.
    ...{ config, module, backends, measures, runtime, store, clock },
    editable: editable && contractsDir === source.directory,
    name: source.code.domain,
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
    /** For the module's routes. */
    access: domainAccessOf(parts, "http"),
    jobs: jobs.map((job): ServedJob => ({ domain: source.code.domain, job, observe, context: jobContext })),
    /** Calls the listener for each event of the shell, after it happened; the function returned ends it. */
    watch: (listener: Observe): (() => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  return system;
}
