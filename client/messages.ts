import { eventTypeOf } from "../runtime/core/envelope.ts";
import { toRfc3339 } from "../runtime/core/time.ts";
import type { NodeAck, NodeGoodbye, NodeHeartbeat, NodeIntrospection } from "./payloads.ts";

const SOURCE = "rollcall-client";

/** Payloads of a node's messages, by type. */
export interface NodePayloads {
  readonly NodeIntrospectionEvent: NodeIntrospection;
  readonly NodeRegistrationAcked: NodeAck;
  readonly NodeHeartbeatEvent: NodeHeartbeat;
  readonly NodeDeregister: NodeGoodbye;
}
export type NodeMessageType = keyof NodePayloads;

/** A message of a node. Sending the same object again is a repeat, which the system drops by its id. */
export type NodeMessage<Type extends NodeMessageType = NodeMessageType> = {
  readonly [Each in Type]: {
    readonly id: string;
    readonly type: Each;
    readonly nodeId: string;
    readonly correlationId: string;
    readonly payload: NodePayloads[Each];
    /** When it was created, RFC 3339. */
    readonly timestamp: string;
  };
}[Type];

export function nodeMessage<Type extends NodeMessageType>(type: Type, payload: NodePayloads[Type]): NodeMessage<Type> {
  const id = timeOrderedId();
  const { node_id: nodeId, correlation_id } = payload;
  const timestamp = toRfc3339(Date.now());
  // The cast is needed because TypeScript does not relate a generic type to its payload here.
  return { id, type, nodeId, correlationId: correlation_id ?? id, payload, timestamp } as NodeMessage<Type>;
}

/** A UUIDv7: ids that begin with their time are looked for in less of the store. */
function timeOrderedId(): string {
  const time = Date.now().toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${crypto.randomUUID().slice(15)}`;
}

/** The envelope of protocol.md, as JSON. */
export const encodeMessage = ({ id, type, correlationId, payload, timestamp }: NodeMessage): string =>
  JSON.stringify({
    envelope_id: id,
    envelope_timestamp: timestamp,
    correlation_id: correlationId,
    parent_envelope_id: null,
    event_type: eventTypeOf("registration", type),
    payload_type: type,
    payload_schema_version: { major: 1, minor: 0, patch: 0 },
    source_tool: SOURCE,
    payload,
  });
