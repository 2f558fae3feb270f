import { NodeFellSilent, NodeWentOffline } from "../../contracts/node-registry/messages/events.ts";
import type { NodeState } from "../../contracts/node-registry/messages/state.ts";
import type { EntityView } from "../../runtime/core/handler.ts";
import { roleOf } from "./role-of.ts";

/** @param last_heartbeat_at RFC 3339; null: none came */
export const goneSilent = (entity: EntityView<NodeState>, why: string, last_heartbeat_at: string | null) =>
  (entity.data.taken_out ? NodeFellSilent : NodeWentOffline).of({ role: roleOf(entity), why, last_heartbeat_at });
