import type { ByTopicPartition, LogEnds } from "../../ports/event-bus.ts";
import type { ShellContext } from "../shell-context.ts";
import type { Partition } from "./partition.ts";
import { topicsOf } from "../topics.ts";

/**
 * Assigned where a partition is touched or taken over: a partition that went unserved for more than 3 s gets the outage
 * grace, and keeps it whoever owns it by then.
 */
export const MARK_SERVED_SQL =
  `resumed_at = case when clock_timestamp() - served_at > interval '3 seconds' then ` +
  "clock_timestamp() else resumed_at end, served_at = clock_timestamp()";

const PROBE_MS = 1_000;
const TICK_MS = 50;
/** So much later a deadline may be seen that is shorter than the rest of the time until the next probe. */
const TICK_MAX_MS = 250;
/** Out of reach for longer than this is an outage, which is never held against an entity. */
const OUTAGE_MS = 3_000;

interface Reachability {
  lastAnswerMs: number;
  error: string | undefined;
}

/**
 * Asks the bus and the store once a second whether they are there. Time in which one was not (or in which this process
 * itself stood still) counts as our outage: every owned partition's deadlines get their grace anew.
 */
export class ServiceMonitor {
  readonly #context: ShellContext;
  readonly #partitions: () => readonly Partition[];
  readonly #onLogEnds: (askedAtMs: number, ends: ByTopicPartition<LogEnds>) => void;
  readonly #onLost: (partitions: readonly Partition[]) => void;
  readonly #logEndsNeededInMs: () => number;
  readonly #reachability: Record<"bus" | "store", Reachability>;
  #cancel = (): void => {};
  #lastProbeMs = Number.NEGATIVE_INFINITY;
  #isProbing = false;
  #stopped = false;
  logEnds: ByTopicPartition<LogEnds> = new Map();

  constructor(
    context: ShellContext,
    options: {
      readonly partitions: () => readonly Partition[];
      /** Ms until a deadline waits for the log's ends. */
      readonly logEndsNeededInMs: () => number;
      readonly onLogEnds: (askedAtMs: number, ends: ByTopicPartition<LogEnds>) => void;
      /** Found while nothing is written that would be fenced. */
      readonly onLost: (partitions: readonly Partition[]) => void;
    },
  ) {
    this.#context = context;
    this.#partitions = options.partitions;
    this.#logEndsNeededInMs = options.logEndsNeededInMs;
    this.#onLogEnds = options.onLogEnds;
    this.#onLost = options.onLost;
    const now = context.clock.monotonicMs();
    this.#reachability = {
      bus: { lastAnswerMs: now, error: undefined },
      store: { lastAnswerMs: now, error: undefined },
    };
  }

  start(): void {
    if (this.#stopped) return;
    const probeInMs = this.#lastProbeMs + PROBE_MS - this.#context.clock.monotonicMs();
    const nextMs = Math.min(Math.max(TICK_MS, Math.min(probeInMs, this.#logEndsNeededInMs())), TICK_MAX_MS);
    this.#cancel = this.#context.clock.after(nextMs, () => {
      void this.#tick().finally(() => this.start());
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  /**
   * Whether both answered lately, and when they were last asked. Where not, it is an outage, or may turn out as one.
   */
  get isInService(): boolean {
    const sinceMs = this.#context.clock.monotonicMs() - OUTAGE_MS;
    return Object.values(this.#reachability).every(
      ({ lastAnswerMs, error }) => lastAnswerMs >= sinceMs && error === undefined,
    );
  }

  /** Undefined when it answers, else why not. */
  errorOf(part: "bus" | "store"): string | undefined {
    return this.#reachability[part].error;
  }

  async #tick(): Promise<void> {
    const now = this.#context.clock.monotonicMs();
    const isProbe = now - this.#lastProbeMs >= PROBE_MS;
    if (this.#isProbing || (!isProbe && this.#logEndsNeededInMs() > 0)) return;
    this.#isProbing = true;
    if (isProbe) this.#lastProbeMs = now;
    // Without the bus nobody is served: the last touch says since when.
    const isServed = this.#reachability.bus.error === undefined;
    await Promise.all([this.#probeBus(), isProbe ? this.#probeStore(isServed) : undefined]);
    this.#isProbing = false;
  }

  async #probeBus(): Promise<void> {
    const { bus, brokerClock, domain, limits } = this.#context;
    const askedAtMs = brokerClock.nowMs();
    await this.#probe("bus", async () => {
      this.logEnds = await bus.logEnds(topicsOf(domain).input, { timeoutMs: limits.logEndsTimeoutMs });
    });
    if (this.#reachability.bus.error === undefined) this.#onLogEnds(askedAtMs, this.logEnds);
  }

  /** Says that the partitions are served, so that their next owner knows whether they were not. */
  async #probeStore(isServed: boolean): Promise<void> {
    const served = isServed ? this.#partitions() : [];
    await this.#probe("store", async () => {
      const rows = await this.#context.store.query<{ partition: number }>(
        `update rollcall.partition_owner set ${MARK_SERVED_SQL}
          where domain = $1 and owner = $2 and partition = any($3::int[]) returning partition`,
        [this.#context.domain.name, this.#context.owner, served.map(({ number }) => number)],
      );
      if (rows.length === served.length) return;
      const ours = new Set(rows.map(({ partition }) => partition));
      this.#onLost(served.filter(({ number }) => !ours.has(number)));
    });
  }

  async #probe(part: "bus" | "store", ask: () => Promise<void>): Promise<void> {
    const reachability = this.#reachability[part];
    try {
      await ask();
    } catch (error) {
      if (reachability.error === undefined) this.#context.observe({ kind: "unreachable", part, error: String(error) });
      reachability.error = error instanceof Error ? error.message : String(error);
      return;
    }
    const now = this.#context.clock.monotonicMs();
    const outageMs = now - reachability.lastAnswerMs;
    reachability.lastAnswerMs = now;
    reachability.error = undefined;
    if (outageMs <= OUTAGE_MS) return;
    for (const partition of this.#partitions()) partition.resumedAtMs = now;
    this.#context.observe({ kind: "recovered", part, outageMs });
  }
}
