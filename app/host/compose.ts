import { v7 } from "uuid";
import { PgliteLocks } from "../../runtime/adapters/pglite/pglite-locks.ts";
import { PostgresLocks } from "../../runtime/adapters/postgres/postgres-locks.ts";
import type { DomainModel } from "../../runtime/contract/model/domain-model.ts";
import { assertDeployment } from "../../runtime/shell/deployment.ts";
import { Runtime } from "../../runtime/shell/runtime.ts";
import type { Observe } from "../../runtime/shell/shell-event.ts";
import { Certificates } from "./certificates.ts";
import type { Config } from "./config.ts";
import { openFollowing } from "./following.ts";
import { domainAccessOf, jobContextOf } from "./job-context.ts";
import { Jobs, type ServedJob } from "./jobs.ts";
import { JournalDays } from "./journal-days.ts";
import { busName, type HostOptions, openShared, PROCESS_NAME, type ServedDomain, type Shared } from "./open-shared.ts";
import { ReloadingRuntime } from "./reloading-runtime.ts";
import { installedTracing } from "./tracing.ts";
import type { ClosedListener } from "./troubles/facts.ts";
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
  const { clock, domains, notices, ownBackends, store } = shared;
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
  const journalDays = new JournalDays(store, clock, config.JOURNAL_KEEP);
  const ports = { certificates: new Certificates(config, clock), closedListeners: new Map<string, ClosedListener>() };
  let stopping: Promise<void> | undefined;
  const troubles = new Troubles({
    ...{ systems, clock, notices, isStopping: () => stopping !== undefined, jobs: () => jobs.status() },
    ...{ keptDay: () => journalDays.kept, ...ports },
  });
  const stop = async (): Promise<void> => {
    troubles.stop();
    for (const { following } of systems) following.close();
    await jobs.stop();
    await journalDays.stop();
    await Promise.all(systems.map(({ runtime }) => runtime.stop()));
    await notices.close();
    await ownBackends.close();
    await store.close();
  };
  return {
    ...{ ...ports, config, clock, jobs, notices, store, systems, troubles },
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
      journalDays.start();
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
  { bounds, clock, createBus, deployment, doorKeys, failpoint, notices, store }: Shared,
  { module, source, contracts, folder, backends }: ServedDomain,
  { editable = false, contractsDir = source.directory, limits }: HostOptions,
  host: HostOfSystem,
) {
  const partitions = config.ROLLCALL_DOMAIN_PARTITIONS?.get(source.code.domain) ?? config.ROLLCALL_PARTITIONS;
  const listeners = new Set<Observe>();
  const share = bounds.share();
  const observe: Observe = (event) => listeners.forEach((listener) => listener(event));
  const onFatal = (error: unknown): void => host.onFailure(system, error);
  const runtime = new ReloadingRuntime({
    ...{ contracts, folder, source, store, clock, observe, onFatal, hostModels: host.models },
    makeBus: () => createBus(source.code.domain),
    makeRuntime: ({ domain }, bus, onSuperseded) =>
      new Runtime({
        ...{ domain, bounds: share, bus, partitions, store, clock, doorKeys },
        ...{ observe, failpoint, onFatal, onSuperseded },
        tracing: installedTracing(busName(config), domain.name),
        owner: `${PROCESS_NAME}:${v7()}`,
        confirmTakeover: (tx) => assertDeployment(tx, deployment),
        ...(limits && { limits }),
      }),
  });
  const following = openFollowing({ runtime, store, clock, notices, name: source.code.domain });
  listeners.add(following.observe);
  const { jobs = [], measures = [] } = module.domains.find(({ name }) => name === source.code.domain) ?? {};
  const parts = { backends, variables: config.ofModules[module.name] ?? {}, runtime, store };
  const system = {
    // `measures`: the durations that its module measures.
    ...{ config, module, backends, measures, runtime, following, store, clock, doorKeys },
    ...{ name: source.code.domain, editable: editable && contractsDir === source.directory },
    /** The folder that a reload reads, and the hash of what it had at the start: others may be in force. */
    ...{ contractsDir: source.directory, hashAtStart: folder.domain.contractHash },
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
    jobs: jobs.map((job): ServedJob => ({ domain: source.code.domain, job, observe, context: jobContextOf(parts) })),
    /** Calls the listener for each event of the shell, after it happened; the function returned ends it. */
    watch: (listener: Observe): (() => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  return system;
}
