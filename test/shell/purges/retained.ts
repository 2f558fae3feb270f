import type { Domain } from "../../../runtime/core/domain.ts";

const DAY_MS = 86_400_000;

/** The domain with `retain` on a state, however short, and these actions when an entity is purged. */
export function retainedIn(domain: Domain, state: string, retainMs: number, onPurge: readonly string[] = []): Domain {
  const spec = domain.orchestrator.states.get(state);
  if (!spec) throw new Error(`${domain.name} has no ${state}`);
  const states = new Map([...domain.orchestrator.states, [state, { ...spec, retainMs }] as const]);
  return {
    ...domain,
    ...{ orchestrator: { ...domain.orchestrator, states }, onPurge },
    tombstoneMs: Math.max(30 * DAY_MS, retainMs),
  };
}

/** The domain of orders with `retain` on ENDED, and a refund when an order is purged. */
export const retainedFor =
  (retainMs: number) =>
  (domain: Domain): Domain =>
    retainedIn(domain, "ENDED", retainMs, ["emit_refund"]);
