import type { Domain } from "./domain.ts";

/** When an entity in this state may be purged, ms since the epoch; null: it is kept for good. */
export function purgeAt({ orchestrator }: Domain, state: string | null, stateSince: number): number | null {
  const retainMs = state === null ? undefined : orchestrator.states.get(state)?.retainMs;
  return retainMs === undefined ? null : stateSince + retainMs;
}

/** For how long a contract retains which entities, as it is stored; null: none is ever purged. */
export function retentionOf({ orchestrator }: Domain): string | null {
  const retained = [...orchestrator.states.values()].flatMap(({ name, retainMs }) =>
    retainMs === undefined ? [] : [[name, retainMs] as const],
  );
  return retained.length === 0 ? null : JSON.stringify(Object.fromEntries(retained.sort()));
}
