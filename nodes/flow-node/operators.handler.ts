import { AdmitNode, RevokeNode } from "../../contracts/flow-node/messages/commands.ts";
import { NodeAdmitted, NodeRevoked } from "../../contracts/flow-node/messages/events.ts";
import { handler } from "./handler.ts";
import { heartbeatOf } from "../../contracts/flow-node/messages/state.ts";

interface Decided {
  readonly by: string;
  readonly reason?: string | null | undefined;
}
const decided = ({ by, reason }: Decided) => ({ by, reason: reason ?? null });

export const HandlerAdmitNode = handler(
  AdmitNode,
  {},
  { admit: ({ message: { payload } }) => [NodeAdmitted.of(decided(payload))] },
);
export const HandlerRevokeNode = handler(
  RevokeNode,
  {},
  {
    revoke: ({ message: { payload }, entity }) => [
      NodeRevoked.of({ ...decided(payload), heartbeat: heartbeatOf(entity) }),
    ],
  },
);
