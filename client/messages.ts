import { randomUUID } from "node:crypto";
import type { z } from "zod";
import type { NodeDeregister } from "../contracts/registration/messages/node-deregister.ts";
import type { NodeHeartbeatEvent } from "../contracts/registration/messages/node-heartbeat-event.ts";
import type { NodeIntrospectionEvent } from "../contracts/registration/messages/node-introspection-event.ts";
import type { NodeRegistrationAcked } from "../contracts/registration/messages/node-registration-acked.ts";
import { eventTypeOf } from "../runtime/core/envelope.ts";
import { toRfc3339 } from "../runtime/core/time.ts";

const SOURCE = "rollcall-client";

type PayloadInput<Definition extends { readonly shape: z.ZodRawShape }> = z.input<z.ZodObject<Definition["shape"]>>;

/** What a node says, by payload type. */
export interface NodePayloads {
  readonly NodeIntrospectionEvent: PayloadInput<typeof NodeIntrospectionEvent>;
  readonly NodeRegistrationAcked: PayloadInput<typeof NodeRegistrationAcked>;
  readonly NodeHeartbeatEvent: PayloadInput<typeof NodeHeartbeatEvent>;
  readonly NodeDeregister: PayloadInput<typeof NodeDeregister>;
}
export type NodeMessageType = keyof NodePayloads;

/** One message of a node. The same object sent twice is a repeat: it is taken once, by its id. */
export type NodeMessage<Type extends NodeMessageType = NodeMessageType> = {
  readonly [Each in Type]: {
    readonly id: string;
    readonly type: Each;
    readonly nodeId: string;
    readonly correlationId: string;
    readonly payload: NodePayloads[Each];
    /** When it was said, RFC 3339. */
    readonly timestamp: string;
  };
}[Type];

export function nodeMessage<Type extends NodeMessageType>(type: Type, payload: NodePayloads[Type]): NodeMessage<Type> {
  const id = randomUUID();
  const { node_id: nodeId, correlation_id } = payload;
  const timestamp = toRfc3339(Date.now());
  // The compiler can't see that a generic type and its payload belong together.
  return { id, type, nodeId, correlationId: correlation_id ?? id, payload, timestamp } as NodeMessage<Type>;
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
