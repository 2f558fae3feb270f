import { NodeBecameActive } from "../../../contracts/registration/messages/node-became-active.ts";
import { NodeIntrospectionEvent } from "../../../contracts/registration/messages/node-introspection-event.ts";
import { NodeLivenessExpired } from "../../../contracts/registration/messages/node-liveness-expired.ts";
import type { EventOf } from "../../host/shell-event-handlers.ts";
import type { System } from "../../host/compose.ts";
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
export function recordOverview({ clock, runtime, watch }: System, counts: NodeCounts) {
  const startedAtMs = clock.wallMs();
  const totals = byRateName(() => 0);
  const history = new OverviewHistory(SAMPLES_MAX);
  const activation = new RecentValues(RECENT_WINDOW);
  const lateness = new RecentValues(RECENT_WINDOW);
  /** Backends whose circuit breaker is open, and since when (ms since the epoch). */
  const openBreakers = new Map<string, number>();

  function onDecision({ message, decision }: EventOf<"decision">): void {
    if (message.type === NodeIntrospectionEvent.messageType) totals.introspections++;
    for (const { type } of decision.events) {
      const name = TOTAL_BY_EVENT.get(type);
      if (name) totals[name]++;
    }
    const tookMs = activationMs(decision, () => runtime.brokerTimeMs);
    if (tookMs !== undefined) activation.add(tookMs, clock.monotonicMs());
  }

  const unwatch = watch((event) => {
    if (event.kind === "decision") onDecision(event);
    if (event.kind === "dead_letter") totals.dead_letters++;
    if (event.kind === "deadline_fired") lateness.add(event.lateMs, clock.monotonicMs());
    if (event.kind !== "breaker") return;
    const { backend, openKeys } = event;
    if (openKeys === 0) openBreakers.delete(backend);
    else if (!openBreakers.has(backend)) openBreakers.set(backend, clock.wallMs());
  });

  let cancel = (): void => {};
  async function sample(): Promise<void> {
    cancel = clock.after(SAMPLE_MS, () => void sample());
    const nodes = await counts.byStableState();
    history.add({ atMs: clock.wallMs(), totals: { ...totals }, nodes: nodes ? [...nodes.values()] : null });
  }
  void sample();

  const close = (): void => {
    unwatch();
    cancel();
  };
  return { startedAtMs, totals, history, activation, lateness, openBreakers, close };
}
