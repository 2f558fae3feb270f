import { ReadmitNode, ReturnNode, RevokeNode, TakeNodeOut } from "../../contracts/node-registry/messages/commands.ts";
import {
  NodeReadmitted,
  NodeReturned,
  NodeRevoked,
  NodeTakenOut,
} from "../../contracts/node-registry/messages/events.ts";
import type { NodeState } from "../../contracts/node-registry/messages/state.ts";
import { lastHeartbeatOf } from "../../contracts/node-registry/messages/status.ts";
import type { EntityView } from "../../runtime/core/handler.ts";
import { handler } from "./handler.ts";
import { roleOf } from "./role-of.ts";

interface Decided {
  readonly by: string;
  readonly reason?: string | null | undefined;
}
const decided = ({ by, reason }: Decided, node: EntityView<NodeState>) => ({
  ...{ role: roleOf(node), by, reason: reason ?? null },
});

export const HandlerTakeNodeOut = handler(
  TakeNodeOut,
  {},
  {
    take_out: ({ message: { payload }, entity }) => [
      NodeTakenOut.of({ mode: payload.mode, ...decided(payload, entity) }),
    ],
  },
);
export const HandlerReturnNode = handler(
  ReturnNode,
  {},
  {
    return: ({ message: { payload }, entity }) => [NodeReturned.of(decided(payload, entity))],
  },
);
export const HandlerRevokeNode = handler(
  RevokeNode,
  {},
  {
    revoke: ({ message: { payload }, entity }) => [
      NodeRevoked.of({ ...decided(payload, entity), last_heartbeat_at: lastHeartbeatOf(entity) }),
    ],
  },
);
export const HandlerReadmitNode = handler(
  ReadmitNode,
  {},
  {
    readmit: ({ message: { payload }, entity }) => [NodeReadmitted.of(decided(payload, entity))],
  },
);
