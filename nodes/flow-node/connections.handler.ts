import { ConnectNode, DisconnectNode } from "../../contracts/flow-node/messages/commands.ts";
import { NodeConnected, NodeDisconnected, NodeNotAlive } from "../../contracts/flow-node/messages/events.ts";
import { acceptFlows } from "../../contracts/flow-node/messages/flow.ts";
import { canonicalJson } from "../../runtime/core/canonical-json.ts";
import { absorbed } from "../../runtime/core/handler.ts";
import { DeadlineFired } from "../../runtime/core/message.ts";
import { handler } from "./handler.ts";
import { heartbeatOf } from "../../contracts/flow-node/messages/state.ts";

/** A node is here. Its list replaces the one of before. */
export const HandlerConnectNode = handler(
  ConnectNode,
  {},
  {
    connect: ({ message: { payload } }) => [NodeConnected.of({ ...accepted(payload.flows), is_new: true })],

    connect_again({ message: { payload }, entity: { data } }) {
      const now = accepted(payload.flows);
      return canonicalJson(now) === canonicalJson({ flows: data.flows, rejected: data.rejected })
        ? absorbed("connected with the same flows: counts as a heartbeat")
        : [NodeConnected.of({ ...now, is_new: false })];
    },
  },
);

function accepted(sent: readonly unknown[]) {
  const { flows, rejected } = acceptFlows(sent);
  return { flows: [...flows], rejected: [...rejected] };
}

export const HandlerDisconnectNode = handler(
  DisconnectNode,
  {},
  { disconnect: ({ entity }) => [NodeDisconnected.of({ heartbeat: heartbeatOf(entity) })] },
);

export const HandlerLeaseDeadline = handler(
  DeadlineFired,
  {},
  {
    expire: ({ entity, message: { payload } }) => [
      NodeNotAlive.of({ heartbeat: payload.renewed_at ?? entity.data.heartbeat }),
    ],
  },
);
