import type { DomainBackends, OpenedBackend } from "../../../effects/backends.ts";
import type { Domain } from "../../../runtime/core/domain.ts";
import type { Clock } from "../../../runtime/ports/clock.ts";
import { HEARD, type NoticesStatus } from "../../../runtime/ports/notices.ts";
import type { Sql } from "../../../runtime/ports/store.ts";
import { type UnservedDomain, unservedDomains } from "../../../runtime/stored/domains.ts";
import { readPartitionServices } from "../../../runtime/stored/partition-owners.ts";
import { readProjectionChanges } from "../../../runtime/stored/projection-fills.ts";
import { summarizeFaults } from "../../../runtime/stored/projection-faults.ts";
import { readOldestDue } from "../../../runtime/stored/purges.ts";
import { cachedAnswer } from "../cached-answer.ts";
import type { JobStatus } from "../jobs.ts";
import type { KeptDay } from "../journal-days.ts";
import type { ReloadingRuntime } from "../reloading-runtime.ts";
import { withTimeout } from "../with-timeout.ts";
import type { ClosedListener, DomainFacts, ServedCertificate } from "./facts.ts";
import { listTroubles } from "./list-troubles.ts";
import type { Trouble } from "./trouble.ts";
import { type TroubleChange, TroubleRecord } from "./trouble-record.ts";

const EVERY_MS = 1_000;
/** How old an answer of a backend may be, and how long it may take. */
const REACH_CACHE_MS = 2_000;
const REACH_TIMEOUT_MS = 2_000;
/** How old the list of domains that nobody serves may be. */
const UNSERVED_CACHE_MS = 10_000;
/** How old may be what is known of entities that wait to be purged. */
const PURGES_CACHE_MS = 60_000;

/** How old may be what is known of rows that are older than their entities. */
const PROJECTIONS_CACHE_MS = 5_000;
type ProjectionFacts = Pick<DomainFacts, "projectionFaults" | "projectionChanges">;

interface Observed {
  readonly name: string;
  readonly runtime: Pick<ReloadingRuntime, "status" | "failure" | "refusedChange">;
  readonly backends: Pick<DomainBackends, "opened">;
  readonly store: Sql;
  readonly domain?: Pick<Domain, "effects"> & { readonly projections: readonly unknown[] };
}

/** Whether entities may wait for backends: without effects they are used by whoever asks. */
const isAwaited = ({ domain }: Observed): boolean => {
  const effects = [...(domain?.effects.values() ?? [])];
  return effects.length === 0 || effects.some(({ outputEvents }) => outputEvents.length > 0);
};

interface TroublesOptions {
  readonly systems: readonly Observed[];
  readonly clock: Clock;
  readonly isStopping?: () => boolean;
  readonly jobs?: () => readonly JobStatus[];
  /** The day of the journal that should have been dropped. */
  readonly keptDay?: () => KeptDay | undefined;
  readonly notices?: { readonly status: NoticesStatus };
  readonly closedListeners?: ReadonlyMap<string, ClosedListener>;
  readonly certificates?: { readonly served: readonly ServedCertificate[] };
}

/** The troubles of a process: what readiness, `doctor`, metrics, alerts, log and page are made of. */
export class Troubles {
  readonly #options: TroublesOptions;
  readonly #record = new TroubleRecord();
  readonly #listeners = new Set<(change: TroubleChange) => void>();
  readonly #assigned = new Set<Observed>();
  readonly #failed = new Set<Observed>();
  /** By the backend's name: a process asks each one once, however many domains use it. */
  readonly #reach = new Map<string, () => Promise<string | null>>();
  readonly #purgesDue = new Map<Observed, () => Promise<number | null>>();
  readonly #projections = new Map<Observed, () => Promise<ProjectionFacts>>();
  readonly #unserved: () => Promise<readonly UnservedDomain[]>;
  #isStopped = false;

  constructor(options: TroublesOptions) {
    this.#options = options;
    const { systems, clock } = options;
    this.#unserved = cachedAnswer(
      clock,
      () => UNSERVED_CACHE_MS,
      // While the store can't be asked, that is the trouble.
      async () => (systems[0] ? unservedDomains(systems[0].store).catch(() => []) : []),
    );
  }

  /** Calls the listener when a trouble begins, lasts and ends; the function returned ends it. */
  watch(listener: (change: TroubleChange) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Looks once a second, until `stop`. */
  start(): void {
    if (!this.#isStopped) this.#options.clock.after(EVERY_MS, () => void this.list().finally(() => this.start()));
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** What is wrong now, what blocks first. Never rejects. */
  async list(): Promise<readonly Trouble[]> {
    const { systems, clock, notices, isStopping = () => false, keptDay = () => undefined } = this.#options;
    const [unserved, ...domains] = await Promise.all([
      this.#unserved(),
      ...systems.map((system) => this.#factsOf(system)),
    ]);
    const nowMs = clock.wallMs();
    const facts = {
      isStopping: isStopping(),
      domains,
      unserved,
      notices: notices?.status ?? HEARD,
      keptDay: keptDay(),
      closedListeners: [...(this.#options.closedListeners?.values() ?? [])],
      certificates: this.#options.certificates?.served ?? [],
      nowMs,
    };
    const found = listTroubles(facts);
    const { troubles, changes } = this.#record.update(found, nowMs);
    for (const change of changes) for (const listener of this.#listeners) listener(change);
    return troubles;
  }

  async #factsOf(system: Observed): Promise<DomainFacts> {
    const { name, runtime, backends } = system;
    const { jobs = () => [] } = this.#options;
    const { failure, refusedChange } = runtime;
    const status = runtime.status();
    if (status.isAssignmentSettled) this.#assigned.add(system);
    if (failure) this.#failed.add(system);
    const isWithoutPartitions = status.owned.length === 0 && status.partitions > 0 && status.store.ok;
    const [services, reached] = await Promise.all([
      isWithoutPartitions ? readPartitionServices(system.store, name).catch(() => []) : [],
      Promise.all(backends.opened.map(async (each) => ({ name: each.name, error: await this.#errorOf(each) }))),
    ]);
    return {
      ...{ name, status, failure, refusedChange, backends: reached },
      backendsAwaited: isAwaited(system),
      purgesDueAtMs: status.store.ok ? await this.#purgesDueAt(system) : null,
      ...(status.store.ok && (await this.#projectionsOf(system))),
      jobs: jobs().filter(({ domain }) => domain === name),
      hasAssignment: this.#assigned.has(system),
      hasFailed: this.#failed.has(system),
      unserved: services.flatMap(({ partition, isServed }) => (isServed ? [] : [partition])),
    };
  }

  /** Since when an entity waits to be purged; null: none does. */
  async #purgesDueAt(system: Observed): Promise<number | null> {
    const known = this.#purgesDue.get(system);
    if (known) return known();
    const read = () => readOldestDue(system.store, system.name).catch(() => null);
    const cached = cachedAnswer(this.#options.clock, () => PURGES_CACHE_MS, read);
    this.#purgesDue.set(system, cached);
    return cached();
  }

  /** Rows that are older than their entities, and changes; a domain without projections is not asked. */
  async #projectionsOf(system: Observed): Promise<ProjectionFacts> {
    if (!system.domain || system.domain.projections.length === 0) return {};
    const known = this.#projections.get(system);
    if (known) return known();
    const { store, name } = system;
    const read = async (): Promise<ProjectionFacts> => ({
      projectionFaults: await summarizeFaults(store, name).catch(() => []),
      projectionChanges: await readProjectionChanges(store, name).catch(() => []),
    });
    const cached = cachedAnswer(this.#options.clock, () => PROJECTIONS_CACHE_MS, read);
    this.#projections.set(system, cached);
    return cached();
  }

  /** Why the backend can't be reached; null: it can. */
  #errorOf({ name, check }: OpenedBackend): Promise<string | null> {
    const { clock } = this.#options;
    const ask = (): Promise<string | null> =>
      withTimeout(clock, REACH_TIMEOUT_MS, check()).then(
        () => null,
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
    const reach = this.#reach.get(name) ?? cachedAnswer(clock, (tookMs) => REACH_CACHE_MS - tookMs, ask);
    this.#reach.set(name, reach);
    return reach();
  }
}
