import type { EntityView } from "../../../runtime/core/handler.ts";
import { toRfc3339 } from "../../../runtime/core/time.ts";
import type { NodeState } from "./state.ts";

/** The orchestrator's states. */
export const ALIVE = "ONLINE";
const REVOKED = "REVOKED";
export const STATES = [ALIVE, "OFFLINE", "SILENT", REVOKED] as const;

/** What others are told: whether the node gets work, and if not, why. */
export type Status = "online" | "offline" | "maintenance" | "draining" | "revoked";

/** An operator's word counts more than the node's, and that more than whether it is alive. */
export function statusOf(state: string | null, { taken_out, said }: NodeState): Status {
  if (state === REVOKED) return "revoked";
  if (taken_out) return taken_out.mode;
  if (state !== ALIVE) return "offline";
  return said?.mode ?? "online";
}

/** When the next beat should come: after a third of the lease, so that two may be lost. Ms since the epoch. */
export const nextHeartbeatMs = (renewedAt: number, endsAt: number): number => renewedAt + (endsAt - renewedAt) / 3;

/** How long a beat counts, and when the next one should come. */
export function leaseOf({ deadlines: { lease } }: Pick<EntityView<NodeState>, "deadlines">, armedAt: number) {
  if (!lease) return null;
  const from = lease.renewedAt ?? armedAt;
  const ttl_seconds = (lease.at - from) / 1_000;
  return { ttl_seconds, next_heartbeat_at: toRfc3339(nextHeartbeatMs(from, lease.at)) };
}

/** Of its last beat, RFC 3339; null until one came. A repeated registration counts as one. */
export const lastHeartbeatOf = ({
  deadlines: { lease },
  data,
}: Pick<EntityView<NodeState>, "deadlines"> & { readonly data: Pick<NodeState, "last_heartbeat_at"> }):
  string | null => (lease?.renewedAt == null ? data.last_heartbeat_at : toRfc3339(lease.renewedAt));

/** Since when it is silent, and why; null while it is not. */
export const silenceOf = ({ silent_because: why }: NodeState, stateSince: number) =>
  why === null ? null : { since: toRfc3339(stateSince), why };
