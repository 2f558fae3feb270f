import type { ByTopicPartition, LogEnds } from "../../ports/event-bus.ts";
import type { DeadlineScheduler } from "../deadlines/deadline-scheduler.ts";
import type { Publisher } from "../publisher.ts";
import { repeat, type ShellContext } from "../shell-context.ts";
import { topicsOf } from "../topics.ts";
import type { Partition } from "./partition.ts";
import { Standstill } from "./standstill.ts";

/**
 * Marks partitions as served. One that was unserved for over 3 s gets the outage grace, also under later owners.
 * @param isInterrupted a condition in SQL under which a partition gets it in any case
 */
export const markServedSql = (isInterrupted = "false"): string =>
  `resumed_at = case when ${isInterrupted} or clock_timestamp() - served_at > interval '3 seconds' then ` +
  "clock_timestamp() else resumed_at end, served_at = clock_timestamp()";

const PROBE_MS = 1_000;
const TICK_MS = 50;
/** A new deadline may be due before the next probe: it is noticed after this at the latest. */
const TICK_MAX_MS = 250;
/** Being unreachable for longer than this is an outage, which must not expire entities. */
const OUTAGE_MS = 3_000;

type Reachability =
  | { readonly ok: true }
  /** `forMs`: since it last answered. */
  | { readonly ok: false; readonly reason: string; readonly forMs: number };

/**
 * Asks the bus and the store once a second whether they answer. After an outage of either, or when this process itself
 * was stopped, the grace of deadlines begins again for all owned partitions; for one of them after it stood still, as
 * all do while the group waits for a member that has died. What reached its topics meanwhile is then read topic by
 * topic, so messages that renew a deadline may be taken before the older one that arms it.
 */
export class ServiceMonitor {
  readonly #context: ShellContext;
  readonly #deadlines: DeadlineScheduler;
  readonly #publisher: Pick<Publisher, "failing">;
  readonly #reachability: Record<"bus" | "store", { lastAnswerMs: number; error: string | undefined }>;
  #lastProbeMs = Number.NEGATIVE_INFINITY;
  #logEnds: ByTopicPartition<LogEnds> = new Map();
  readonly #standstill = new Standstill();

  constructor(context: ShellContext, deadlines: DeadlineScheduler, publisher: Pick<Publisher, "failing">) {
    this.#context = context;
    this.#deadlines = deadlines;
    this.#publisher = publisher;
    const now = context.clock.monotonicMs();
    this.#reachability = {
      bus: { lastAnswerMs: now, error: undefined },
      store: { lastAnswerMs: now, error: undefined },
    };
  }

  /** Whether both answered recently, also the last time they were asked. */
  get isInService(): boolean {
    const sinceMs = this.#context.clock.monotonicMs() - OUTAGE_MS;
    return Object.values(this.#reachability).every(
      ({ lastAnswerMs, error }) => lastAnswerMs >= sinceMs && error === undefined,
    );
  }

  /** Of the owned partitions, and what they depend on. */
  get status() {
    const { clock, owned } = this.#context;
    const lagByPartition = new Map([...owned.values()].map((partition) => [partition.number, this.#lagOf(partition)]));
    return {
      bus: this.#reachabilityOf("bus"),
      store: this.#reachabilityOf("store"),
      /** Records in the log that were not taken yet. */
      lag: [...lagByPartition.values()].reduce((sum, lag) => sum + lag, 0),
      lagByPartition: lagByPartition as ReadonlyMap<number, number>,
      /** For how long partitions have taken nothing although they could and records were there, in ms, by partition. */
      standstillMs: this.#standstill.unexplained(owned.values(), clock.monotonicMs()),
    };
  }

  #reachabilityOf(part: "bus" | "store"): Reachability {
    const { error, lastAnswerMs } = this.#reachability[part];
    const nowMs = this.#context.clock.monotonicMs();
    if (error !== undefined) return { ok: false, reason: error, forMs: nowMs - lastAnswerMs };
    // It answers, and may yet have no leader or no right for an output topic.
    const { failing } = this.#publisher;
    if (part === "store" || !failing) return { ok: true };
    return { ok: false, reason: failing.reason, forMs: nowMs - failing.sinceMs };
  }

  #lagOf({ number, positions }: Partition): number {
    let lag = 0;
    for (const [topic, ends] of this.#logEnds)
      lag += Math.max(0, (ends.get(number)?.high ?? 0) - (positions.get(topic) ?? 0));
    return lag;
  }

  start(): void {
    repeat(this.#context, TICK_MS, async () => {
      await this.#tick();
      const probeInMs = this.#lastProbeMs + PROBE_MS - this.#context.clock.monotonicMs();
      return Math.min(Math.max(TICK_MS, Math.min(probeInMs, this.#deadlines.logEndsNeededInMs)), TICK_MAX_MS);
    });
  }

  async #tick(): Promise<void> {
    const now = this.#context.clock.monotonicMs();
    const isProbe = now - this.#lastProbeMs >= PROBE_MS;
    if (!isProbe && this.#deadlines.logEndsNeededInMs > 0) return;
    if (isProbe) this.#lastProbeMs = now;
    // Without the bus the partitions are not served, and must not be marked as served.
    const isServed = this.#reachability.bus.error === undefined;
    await Promise.all([this.#probeBus(), isProbe ? this.#probeStore(isServed) : undefined]);
  }

  async #probeBus(): Promise<void> {
    const { bus, brokerClock, clock, domain, limits, owned } = this.#context;
    const askedAtMs = brokerClock.nowMs();
    await this.#probe("bus", async () => {
      this.#logEnds = await bus.logEnds(topicsOf(domain).input, { timeoutMs: limits.logEndsTimeoutMs });
    });
    if (this.#reachability.bus.error !== undefined) return;
    this.#standstill.update(owned.values(), (partition) => this.#lagOf(partition), clock.monotonicMs());
    for (const partition of this.#interrupted()) partition.resumedAtMs = clock.monotonicMs();
    this.#deadlines.onLogEnds(askedAtMs, this.#logEnds);
  }

  /** Those that have stood still for as long as an outage. */
  #interrupted(): readonly Partition[] {
    const { clock, owned } = this.#context;
    const durations = this.#standstill.durations(owned.values(), clock.monotonicMs());
    return [...owned.values()].filter(({ number }) => (durations.get(number) ?? 0) > OUTAGE_MS);
  }

  /** Marks the partitions as served, so that their next owner can tell how long they were not. */
  async #probeStore(isServed: boolean): Promise<void> {
    const { store, domain, owner, owned, onPartitionsLost } = this.#context;
    const served = isServed ? [...owned.values()] : [];
    await this.#probe("store", async () => {
      const rows = await store.query<{ partition: number }>(
        `update rollcall.partition_owner set ${markServedSql("partition = any($4::int[])")}
          where domain = $1 and owner = $2 and partition = any($3::int[]) returning partition`,
        [domain.name, owner, ...[served, this.#interrupted()].map((each) => each.map(({ number }) => number))],
      );
      if (rows.length === served.length) return;
      const ours = new Set(rows.map(({ partition }) => partition));
      onPartitionsLost(served.filter(({ number }) => !ours.has(number)));
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
    for (const partition of this.#context.owned.values()) partition.resumedAtMs = now;
    this.#context.observe({ kind: "recovered", part, outageMs });
  }
}
