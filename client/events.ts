import { z } from "zod";
import { NodeBecameActive } from "../contracts/registration/messages/node-became-active.ts";
import { NodeDeregistered } from "../contracts/registration/messages/node-deregistered.ts";
import { NodeLivenessExpired } from "../contracts/registration/messages/node-liveness-expired.ts";
import { NodeRegistrationAccepted } from "../contracts/registration/messages/node-registration-accepted.ts";
import { NodeRegistrationAckReceived } from "../contracts/registration/messages/node-registration-ack-received.ts";
import { NodeRegistrationAckTimedOut } from "../contracts/registration/messages/node-registration-ack-timed-out.ts";
import { NodeRegistrationInitiated } from "../contracts/registration/messages/node-registration-initiated.ts";
import { NodeRegistrationRejected } from "../contracts/registration/messages/node-registration-rejected.ts";
import { NodeUpdated } from "../contracts/registration/messages/node-updated.ts";

/** What every event of the orchestrator carries (protocol.md, Payloads). */
const COMMON = {
  node_id: z.string(),
  correlation_id: z.string(),
  causation_id: z.string(),
  registration_attempt_id: z.string(),
  attempt: z.int(),
  entity_seq: z.int(),
  emitted_at: z.string(),
};

const SCHEMAS = {
  NodeRegistrationInitiated: z.looseObject({ ...COMMON, ...NodeRegistrationInitiated.shape }),
  NodeRegistrationAccepted: z.looseObject({ ...COMMON, ...NodeRegistrationAccepted.shape }),
  NodeRegistrationRejected: z.looseObject({ ...COMMON, ...NodeRegistrationRejected.shape }),
  NodeRegistrationAckReceived: z.looseObject({ ...COMMON, ...NodeRegistrationAckReceived.shape }),
  NodeRegistrationAckTimedOut: z.looseObject({ ...COMMON, ...NodeRegistrationAckTimedOut.shape }),
  NodeBecameActive: z.looseObject({ ...COMMON, ...NodeBecameActive.shape }),
  NodeUpdated: z.looseObject({ ...COMMON, ...NodeUpdated.shape }),
  NodeLivenessExpired: z.looseObject({ ...COMMON, ...NodeLivenessExpired.shape }),
  NodeDeregistered: z.looseObject({ ...COMMON, ...NodeDeregistered.shape }),
} as const;

export type RegistrationEventType = keyof typeof SCHEMAS;
export type RegistrationPayload<Type extends RegistrationEventType> = z.infer<(typeof SCHEMAS)[Type]>;

/** A published event: `type` tells the payload's fields. Dedupe by `id`; `entity_seq` shows a gap or a repeat. */
export type RegistrationEvent<Type extends RegistrationEventType = RegistrationEventType> = {
  readonly [Each in Type]: { readonly id: string; readonly type: Each; readonly payload: RegistrationPayload<Each> };
}[Type];

export const REGISTRATION_EVENT_TYPES = Object.keys(SCHEMAS) as readonly RegistrationEventType[];

/** What a node must hear to play its part. */
export const NODE_ANSWERS = [
  "NodeRegistrationAccepted",
  "NodeRegistrationRejected",
  "NodeRegistrationAckTimedOut",
  "NodeBecameActive",
  "NodeLivenessExpired",
  "NodeDeregistered",
] as const satisfies readonly RegistrationEventType[];

const ENVELOPE = z.looseObject({
  envelope_id: z.string(),
  payload_type: z.enum(REGISTRATION_EVENT_TYPES as [RegistrationEventType, ...RegistrationEventType[]]),
  payload: z.unknown(),
});

/** An envelope's JSON as an event; undefined for what this client does not know, which a later version may send. */
export function decodeEvent(json: string): RegistrationEvent | undefined {
  const envelope = ENVELOPE.safeParse(parsed(json));
  if (!envelope.success) return undefined;
  const { envelope_id: id, payload_type: type } = envelope.data;
  const payload = SCHEMAS[type].safeParse(envelope.data.payload);
  return payload.success ? ({ id, type, payload: payload.data } as RegistrationEvent) : undefined;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
