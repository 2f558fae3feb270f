import type { System } from "../../host/compose.ts";
import type { EventOf } from "../../host/shell-event-handlers.ts";
import type { EntityCounts } from "../entities/entity-counts.ts";
import { OverviewHistory } from "./overview-history.ts";
import { RecentValues } from "./recent-values.ts";

export const SAMPLE_MS = 10_000;
const SAMPLES_MAX = 360;
/** The values that percentiles are computed from. */
const RECENT_WINDOW = { size: 2_048, windowMs: 300_000 } as const;

const zeros = (types: Iterable<string>): Record<string, number> =>
  Object.fromEntries([...types].map((type) => [type, 0]));

/** Rates, percentiles and history of this process, for the overview. Bounded. */
export function recordOverview({ clock, runtime, domain, measures, watch }: System, counts: EntityCounts) {
  const startedAtMs = clock.wallMs();
  const totals = {
    messages: zeros(domain.consumed.map(({ type }) => type)),
    events: zeros(domain.topicByEventType.keys()),
    dead_letters: 0,
  };
  const history = new OverviewHistory(SAMPLES_MAX);
  const durations = new Map(measures.map(({ name }) => [name, new RecentValues(RECENT_WINDOW)]));
  const lateness = new RecentValues(RECENT_WINDOW);

  const count = (byType: Record<string, number>, type: string): void => void (byType[type] = (byType[type] ?? 0) + 1);
  function onDecision({ message, before, decision }: EventOf<"decision">): void {
    if (message.kind === "bus") count(totals.messages, message.type);
    for (const { type } of decision.events) count(totals.events, type);
    for (const { name, durationMs } of measures) {
      const tookMs = durationMs(decision, () => runtime.brokerTimeMs, before);
      if (tookMs !== undefined) durations.get(name)?.add(tookMs, clock.monotonicMs());
    }
  }

  const unwatch = watch((event) => {
    if (event.kind === "decision") onDecision(event);
    if (event.kind === "dead_letter") totals.dead_letters++;
    if (event.kind === "deadline_fired") lateness.add(event.lateMs, clock.monotonicMs());
  });

  const copyOfTotals = () => ({
    ...totals,
    messages: { ...totals.messages },
    events: { ...totals.events },
  });
  let cancel = (): void => {};
  async function sample(): Promise<void> {
    cancel = clock.after(SAMPLE_MS, () => void sample());
    const entities = await counts.byStableState();
    history.add({ atMs: clock.wallMs(), totals: copyOfTotals(), entities: entities ? [...entities.values()] : null });
  }
  void sample();

  const close = (): void => {
    unwatch();
    cancel();
  };
  return { startedAtMs, totals, history, durations, lateness, close };
}
