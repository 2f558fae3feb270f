import { z } from "zod";
import type { EntityView } from "../../../runtime/core/handler.ts";
import { toRfc3339 } from "../../../runtime/core/time.ts";
import { Told } from "./fields.ts";
import { Flow, RejectedFlow } from "./flow.ts";

const time = z.iso.datetime();
const Decision = z.object({ by: z.string(), reason: z.string().nullable(), since: time });

/** The entity's data. Whether the node is alive is the orchestrator's state; times are RFC 3339. */
export const FlowNodeState = z.object({
  admitted: Decision.nullable().default(null),
  revoked: Decision.nullable().default(null),
  /** Since when it is connected; null: it is not, by its own word. */
  online: time.nullable().default(null),
  /** Before its lease began: while it runs the lease tells of later ones. */
  heartbeat: time.nullable().default(null),
  flows: z.array(Flow).default([]),
  /** Of the last list that it has sent. */
  rejected: z.array(RejectedFlow).default([]),
  told: z.object({ state: Told, at: time }).nullable().default(null),
});
export type FlowNodeState = z.infer<typeof FlowNodeState>;

/** The orchestrator's states, and what SQL and queries call them. */
export const STATUSES = {
  ADMITTED: "admitted",
  CONNECTED: "connected",
  DISCONNECTED: "disconnected",
  NOT_ALIVE: "not_alive",
  REVOKED: "revoked",
} as const;
export const ALIVE = "CONNECTED";

export const statusOf = (state: string): string => STATUSES[state as keyof typeof STATUSES];

/**
 * The last sign of life, RFC 3339; null until one came. Before the lease's first renewal it is that of the connect, or
 * of the coming back, which is kept.
 */
export const heartbeatOf = ({
  deadlines: { lease },
  data,
}: Pick<EntityView<unknown>, "deadlines"> & { readonly data: Pick<FlowNodeState, "heartbeat"> }): string | null =>
  lease?.renewedAt == null ? data.heartbeat : toRfc3339(lease.renewedAt);
