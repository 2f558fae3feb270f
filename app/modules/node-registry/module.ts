import { ProfileChanged, SetProfile } from "../../../contracts/node-profile/messages/profile.ts";
import {
  NodeHeartbeat,
  ReadmitNode,
  RegisterNode,
  ReturnNode,
  RevokeNode,
  TakeNodeOut,
} from "../../../contracts/node-registry/messages/commands.ts";
import {
  NodeCameOnline,
  NodeFellSilent,
  NodeReadmitted,
  NodeRegistered,
  NodeReturned,
  NodeRevoked,
  NodeSaid,
  NodeTakenOut,
  NodeUpdated,
  NodeWentOffline,
} from "../../../contracts/node-registry/messages/events.ts";
import type { Backends } from "../../../effects/backends.ts";
import { HandlerConsulDeregister } from "../../../effects/service-catalog/consul-deregister.effect.ts";
import { HandlerConsulRegister } from "../../../effects/service-catalog/consul-register.effect.ts";
import { ConsulDeregister, ConsulRegister } from "../../../effects/service-catalog/messages.ts";
import type { ServiceInventory, ServiceRegistry } from "../../../effects/service-catalog/service-registry.ts";
import { HandlerSetProfile } from "../../../nodes/node-profile/set-profile.handler.ts";
import { HandlerLeaseDeadline } from "../../../nodes/node-registry/lease-deadline.handler.ts";
import { HandlerNodeHeartbeat } from "../../../nodes/node-registry/node-heartbeat.handler.ts";
import {
  HandlerReadmitNode,
  HandlerReturnNode,
  HandlerRevokeNode,
  HandlerTakeNodeOut,
} from "../../../nodes/node-registry/operators.handler.ts";
import { HandlerRegisterNode } from "../../../nodes/node-registry/register-node.handler.ts";
import { nodeProfileReducer } from "../../../reducers/node-profile/node-profile.reducer.ts";
import { nodeDrift } from "../../../reducers/node-registry/consul.drift.ts";
import { nodeRegistryReducer } from "../../../reducers/node-registry/nodes.reducer.ts";
import { defineModule } from "../../host/module.ts";
import { nodeGateway, profileGateway } from "./gateway.ts";
import { heartbeatLatenessMs } from "./heartbeat-lateness.ts";
import { directoryEntry, heartbeatRow, nodeRow, profileRow } from "./rows.ts";
import { loadableAs } from "../../host/module-specifiers.ts";

const COMMANDS = [RegisterNode, NodeHeartbeat, TakeNodeOut, ReturnNode, RevokeNode, ReadmitNode];
const EVENTS = [
  NodeRegistered,
  NodeUpdated,
  NodeCameOnline,
  NodeSaid,
  NodeWentOffline,
  NodeFellSilent,
  NodeTakenOut,
  NodeReturned,
  NodeRevoked,
  NodeReadmitted,
];

/** The catalog is opened by its first use: where Consul is not configured there is none. */
function consulCode(backends: Backends) {
  const registry: ServiceRegistry & ServiceInventory = {
    apply: (changes, signal) => backends.serviceCatalog.registry.apply(changes, signal),
    list: (signal) => backends.serviceCatalog.registry.list(signal),
  };
  return {
    intents: [ConsulRegister, ConsulDeregister],
    effects: {
      HandlerConsulRegister: HandlerConsulRegister(registry),
      HandlerConsulDeregister: HandlerConsulDeregister(registry),
    },
    reconciled: [{ backend: "consul", inventory: registry, repairs: nodeDrift }],
  };
}

const module = defineModule({
  api: 1,
  name: "node_registry",
  domains: [
    {
      name: "node_registry",
      contracts: new URL("../../../contracts/node-registry/", import.meta.url),
      code: (backends) => ({
        messages: [...COMMANDS, ...EVENTS],
        handlers: {
          HandlerRegisterNode,
          HandlerNodeHeartbeat,
          HandlerTakeNodeOut,
          HandlerReturnNode,
          HandlerRevokeNode,
          HandlerReadmitNode,
          HandlerLeaseDeadline,
        },
        reducer: nodeRegistryReducer,
        ...consulCode(backends),
        rows: { node_row: nodeRow, heartbeat_row: heartbeatRow, directory_row: directoryEntry },
        ...nodeGateway,
      }),
      measures: [
        {
          name: "heartbeat_lateness",
          help: "From when a heartbeat should have come, until it did; 0: in time.",
          durationMs: heartbeatLatenessMs,
        },
      ],
    },
    {
      name: "node_profile",
      contracts: new URL("../../../contracts/node-profile/", import.meta.url),
      code: () => ({
        messages: [SetProfile, ProfileChanged],
        handlers: { HandlerSetProfile },
        reducer: nodeProfileReducer,
        rows: { profile_row: profileRow },
        ...profileGateway,
      }),
    },
  ],
});

export const nodeRegistry = loadableAs(module, module.name);
