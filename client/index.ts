export { Fault } from "../runtime/core/fault.ts";
export type { RegistrationEvent, RegistrationEventType, RegistrationPayload } from "./events.ts";
export { type FlowNode, FlowNodesClient, type OfferedFlow } from "./flow-nodes-client.ts";
export {
  type FlowRun,
  FlowRunsClient,
  type FlowRunsClientOptions,
  type RunEvent,
  type RunLock,
  type RunPage,
} from "./flow-runs-client.ts";
export { httpTransport, type HttpTransportOptions } from "./http-transport.ts";
export {
  NodeRegistryClient,
  type NodeFilter,
  type NodeList,
  type NodeRegistryClientOptions,
  type RegistryNode,
} from "./node-registry-client.ts";
export { nodeMessage, type NodeMessage, type NodeMessageType, type NodePayloads } from "./messages.ts";
export {
  RollcallNode,
  type NodeDescription,
  type NodePhase,
  type RollcallNodeEvents,
  type RollcallNodeOptions,
} from "./rollcall-node.ts";
export { simulate, type Simulation, type SimulationSummary } from "./simulation.ts";
export type { EventFilter, EventListener, Transport, TransportLog, Unsubscribe } from "./transport.ts";
export { watchRegistrations, type WatchOptions } from "./watch-registrations.ts";
