import type { ByTopicPartition, LogEnds } from "../../ports/event-bus.ts";
import type { ShellParts } from "../shell-context.ts";
import type { Partition } from "./partition.ts";
import { topicsOf } from "../topics.ts";

/**
 * Assigned where a partition is touched or taken over: a partition that went unserved for more than 3 s gets the outage
 * grace, and keeps it whoever owns it by then.
 */
export const SERVED_AGAIN =
  `resumed_at = case when clock_timestamp() - served_at > interval '3 seconds' then ` +
  "clock_timestamp() else resumed_at end, served_at = clock_timestamp()";

const PROBE_MS = 1_000;
const TICK_MS = 50;
/** So much later a deadline may be seen that is shorter than the rest of the time until the next probe. */
const REST_MS = 250;
/** Out of reach for longer than this is an outage, which is never held against an entity. */
const OUTAGE_MS = 3_000;

interface Reach {
  lastMs: number;
  error: string | undefined;
}

/**
 * Asks the bus and the store once a second whether they are there. Time in which one was not (or in which this process
 * itself stood still) counts as our outage: every owned partition's deadlines get their grace anew.
 */
export class ServiceWatch {
  readonly #parts: ShellParts;
  readonly #partitions: () => readonly Partition[];
  readonly #onEnds: (askedAtMs: number, ends: ByTopicPartition<LogEnds>) => void;
  readonly #onLost: (partitions: readonly Partition[]) => void;
  readonly #wantedInMs: () => number;
  readonly #reach: Record<"bus" | "store", Reach>;
  #cancel = (): void => {};
  #probedMs = Number.NEGATIVE_INFINITY;
  #asking = false;
  #stopped = false;
  ends: ByTopicPartition<LogEnds> = new Map();

  constructor(
    parts: ShellParts,
    options: {
      readonly partitions: () => readonly Partition[];
      /** Ms until a deadline waits for the log's ends. */
      readonly wantedInMs: () => number;
      readonly onEnds: (askedAtMs: number, ends: ByTopicPartition<LogEnds>) => void;
      /** Found while nothing is written that would be fenced. */
      readonly onLost: (partitions: readonly Partition[]) => void;
    },
  ) {
    this.#parts = parts;
    this.#partitions = options.partitions;
    this.#wantedInMs = options.wantedInMs;
    this.#onEnds = options.onEnds;
    this.#onLost = options.onLost;
    const now = parts.clock.monotonicMs();
    this.#reach = { bus: { lastMs: now, error: undefined }, store: { lastMs: now, error: undefined } };
  }

  start(): void {
    if (this.#stopped) return;
    const probeInMs = this.#probedMs + PROBE_MS - this.#parts.clock.monotonicMs();
    const nextMs = Math.min(Math.max(TICK_MS, Math.min(probeInMs, this.#wantedInMs())), REST_MS);
    this.#cancel = this.#parts.clock.after(nextMs, () => {
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
  get isServed(): boolean {
    const sinceMs = this.#parts.clock.monotonicMs() - OUTAGE_MS;
    return Object.values(this.#reach).every(({ lastMs, error }) => lastMs >= sinceMs && error === undefined);
  }

  /** Undefined when it answers, else why not. */
  trouble(part: "bus" | "store"): string | undefined {
    return this.#reach[part].error;
  }

  async #tick(): Promise<void> {
    const now = this.#parts.clock.monotonicMs();
    const isProbe = now - this.#probedMs >= PROBE_MS;
    if (this.#asking || (!isProbe && this.#wantedInMs() > 0)) return;
    this.#asking = true;
    if (isProbe) this.#probedMs = now;
    // Without the bus nobody is served: the last touch says since when.
    const isServed = this.#reach.bus.error === undefined;
    await Promise.all([this.#askBus(), isProbe ? this.#touchStore(isServed) : undefined]);
    this.#asking = false;
  }

  async #askBus(): Promise<void> {
    const { bus, brokerClock, domain, limits } = this.#parts;
    const askedAtMs = brokerClock.nowMs();
    await this.#note("bus", async () => {
      this.ends = await bus.ends(topicsOf(domain).input, { timeoutMs: limits.endsTimeoutMs });
    });
    if (this.#reach.bus.error === undefined) this.#onEnds(askedAtMs, this.ends);
  }

  /** Says that the partitions are served, so that their next owner knows whether they were not. */
  async #touchStore(isServed: boolean): Promise<void> {
    const served = isServed ? this.#partitions() : [];
    await this.#note("store", async () => {
      const rows = await this.#parts.store.query<{ partition: number }>(
        `update rollcall.partition_owner set ${SERVED_AGAIN}
          where domain = $1 and owner = $2 and partition = any($3::int[]) returning partition`,
        [this.#parts.domain.name, this.#parts.owner, served.map(({ number }) => number)],
      );
      if (rows.length === served.length) return;
      const ours = new Set(rows.map(({ partition }) => partition));
      this.#onLost(served.filter(({ number }) => !ours.has(number)));
    });
  }

  async #note(part: "bus" | "store", ask: () => Promise<void>): Promise<void> {
    const reach = this.#reach[part];
    try {
      await ask();
    } catch (error) {
      if (reach.error === undefined) this.#parts.observe({ kind: "trouble", part, error: String(error) });
      reach.error = error instanceof Error ? error.message : String(error);
      return;
    }
    const now = this.#parts.clock.monotonicMs();
    const outageMs = now - reach.lastMs;
    reach.lastMs = now;
    reach.error = undefined;
    if (outageMs <= OUTAGE_MS) return;
    for (const partition of this.#partitions()) partition.resumedAtMs = now;
    this.#parts.observe({ kind: "recovered", part, outageMs });
  }
}
