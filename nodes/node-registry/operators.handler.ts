import { ReadmitNode, ReturnNode, RevokeNode, TakeNodeOut } from "../../contracts/node-registry/messages/commands.ts";
import {
  NodeReadmitted,
  NodeReturned,
  NodeRevoked,
  NodeTakenOut,
} from "../../contracts/node-registry/messages/events.ts";
import { lastHeartbeatOf } from "../../contracts/node-registry/messages/status.ts";
import { handler } from "./handler.ts";

interface Decided {
  readonly by: string;
  readonly reason?: string | null | undefined;
}
const decided = ({ by, reason }: Decided) => ({ by, reason: reason ?? null });

export const HandlerTakeNodeOut = handler(
  TakeNodeOut,
  {},
  {
    take_out: ({ message: { payload } }) => [NodeTakenOut.of({ mode: payload.mode, ...decided(payload) })],
  },
);
export const HandlerReturnNode = handler(
  ReturnNode,
  {},
  {
    return: ({ message: { payload } }) => [NodeReturned.of(decided(payload))],
  },
);
export const HandlerRevokeNode = handler(
  RevokeNode,
  {},
  {
    revoke: ({ message: { payload }, entity }) => [
      NodeRevoked.of({ ...decided(payload), last_heartbeat_at: lastHeartbeatOf(entity) }),
    ],
  },
);
export const HandlerReadmitNode = handler(
  ReadmitNode,
  {},
  {
    readmit: ({ message: { payload } }) => [NodeReadmitted.of(decided(payload))],
  },
);
