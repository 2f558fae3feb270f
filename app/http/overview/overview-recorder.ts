import { NodeBecameActive } from "../../../contracts/registration/messages/node-became-active.ts";
import { NodeIntrospectionEvent } from "../../../contracts/registration/messages/node-introspection-event.ts";
import { NodeLivenessExpired } from "../../../contracts/registration/messages/node-liveness-expired.ts";
import type { ShellEvent } from "../../../runtime/shell/shell-event.ts";
import type { System } from "../../host/system.ts";
import { activationMs } from "../entities/activation-time.ts";
import type { NodeCounts } from "../entities/node-counts.ts";
import { byRateName, OverviewHistory, type Totals } from "./overview-history.ts";
import { RecentValues } from "./recent-values.ts";

export const SAMPLE_MS = 10_000;
const SAMPLES_MAX = 360;
/** The values that percentiles are computed from. */
const RECENT_WINDOW = { size: 2_048, windowMs: 300_000 } as const;
const TOTAL_BY_EVENT: ReadonlyMap<string, keyof Totals> = new Map([
  [NodeBecameActive.messageType, "activations"],
  [NodeLivenessExpired.messageType, "expiries"],
]);

/** Rates, percentiles and history of this process, for the overview. Bounded. */
export class OverviewRecorder {
  readonly #system: System;
  readonly #counts: NodeCounts;
  readonly #unwatch: () => void;
  readonly #totals = byRateName(() => 0);
  #cancel = (): void => {};
  readonly startedAtMs: number;
  readonly history = new OverviewHistory(SAMPLES_MAX);
  readonly activation = new RecentValues(RECENT_WINDOW);
  readonly lateness = new RecentValues(RECENT_WINDOW);
  /** Backends whose circuit breaker is open, and since when (ms since the epoch). */
  readonly openBreakers = new Map<string, number>();

  constructor(system: System, counts: NodeCounts) {
    this.#system = system;
    this.#counts = counts;
    this.startedAtMs = system.clock.wallMs();
    this.#unwatch = system.watch((event) => this.#onShellEvent(event));
    void this.#sample();
  }

  get totals(): Totals {
    return this.#totals;
  }

  close(): void {
    this.#unwatch();
    this.#cancel();
  }

  #onShellEvent(event: ShellEvent): void {
    const { clock, runtime } = this.#system;
    if (event.kind === "dead_letter") this.#totals.dead_letters++;
    if (event.kind === "deadline_fired") this.lateness.add(event.lateMs, clock.monotonicMs());
    if (event.kind === "breaker") {
      if (event.open) this.openBreakers.set(event.backend, clock.wallMs());
      else this.openBreakers.delete(event.backend);
    }
    if (event.kind !== "decision") return;
    const { message, decision } = event;
    if (message.type === NodeIntrospectionEvent.messageType) this.#totals.introspections++;
    for (const { type } of decision.events) {
      const name = TOTAL_BY_EVENT.get(type);
      if (name) this.#totals[name]++;
    }
    const tookMs = activationMs(decision, () => runtime.brokerTimeMs);
    if (tookMs !== undefined) this.activation.add(tookMs, clock.monotonicMs());
  }

  async #sample(): Promise<void> {
    const { clock } = this.#system;
    this.#cancel = clock.after(SAMPLE_MS, () => void this.#sample());
    const counts = await this.#counts.byStableState();
    const nodes = counts ? [...counts.values()] : null;
    this.history.add({ atMs: clock.wallMs(), totals: { ...this.#totals }, nodes });
  }
}
