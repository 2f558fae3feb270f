import {
  AdmitNode,
  ConnectNode,
  DisconnectNode,
  NodeBeat,
  RevokeNode,
} from "../../../contracts/flow-node/messages/commands.ts";
import {
  NodeAdmitted,
  NodeCameBack,
  NodeConnected,
  NodeDisconnected,
  NodeNotAlive,
  NodeRevoked,
  NodeTold,
} from "../../../contracts/flow-node/messages/events.ts";
import {
  HandlerConnectNode,
  HandlerDisconnectNode,
  HandlerLeaseDeadline,
} from "../../../nodes/flow-node/connections.handler.ts";
import { HandlerNodeBeat } from "../../../nodes/flow-node/node-beat.handler.ts";
import { HandlerAdmitNode, HandlerRevokeNode } from "../../../nodes/flow-node/operators.handler.ts";
import { flowNodeReducer } from "../../../reducers/flow-node/flow-nodes.reducer.ts";
import { defineModule } from "../../host/module.ts";
import { loadableAs } from "../../host/module-specifiers.ts";
import { askSilentNodes } from "./asking/ask-silent-nodes.ts";
import { beatGapMs } from "./beat-gap.ts";
import { flowNodeGateway } from "./gateway.ts";
import { directoryEntry, flowNodeRow } from "./rows.ts";
import { flowNodeVariables } from "./variables.ts";

const COMMANDS = [AdmitNode, RevokeNode, ConnectNode, DisconnectNode, NodeBeat];
const EVENTS = [NodeAdmitted, NodeRevoked, NodeConnected, NodeDisconnected, NodeTold, NodeCameBack, NodeNotAlive];

const module = defineModule({
  api: 1,
  name: "flow_nodes",
  config: flowNodeVariables,
  domains: [
    {
      name: "flow_node",
      contracts: new URL("../../../contracts/flow-node/", import.meta.url),
      code: () => ({
        messages: [...COMMANDS, ...EVENTS],
        handlers: {
          HandlerAdmitNode,
          HandlerRevokeNode,
          HandlerConnectNode,
          HandlerDisconnectNode,
          HandlerNodeBeat,
          HandlerLeaseDeadline,
        },
        reducer: flowNodeReducer,
        rows: { flow_node_row: flowNodeRow, directory_row: directoryEntry },
        ...flowNodeGateway,
      }),
      measures: [
        {
          name: "flow_node_beat_gap",
          help: "From one sign of life of a flow node to the next.",
          durationMs: beatGapMs,
        },
      ],
      jobs: [askSilentNodes],
    },
  ],
});

export const flowNodes = loadableAs(module, module.name);
