import { PAYLOAD_CHECKS } from "./payload-checks.ts";
import type { RegistrationPayloads } from "./payloads.ts";

export type RegistrationEventType = keyof RegistrationPayloads;
export type RegistrationPayload<Type extends RegistrationEventType> = RegistrationPayloads[Type];

/** A published event: `type` determines the payload's fields. Dedupe by `id`; `entity_seq` shows gaps and repeats. */
export type RegistrationEvent<Type extends RegistrationEventType = RegistrationEventType> = {
  readonly [Each in Type]: { readonly id: string; readonly type: Each; readonly payload: RegistrationPayload<Each> };
}[Type];

export const REGISTRATION_EVENT_TYPES = Object.keys(PAYLOAD_CHECKS) as readonly RegistrationEventType[];

/** The events that a node needs. */
export const EVENTS_FOR_NODES = [
  "NodeRegistrationAccepted",
  "NodeRegistrationRejected",
  "NodeRegistrationAckTimedOut",
  "NodeBecameActive",
  "NodeLivenessExpired",
  "NodeDeregistered",
] as const satisfies readonly RegistrationEventType[];

/** An envelope's JSON as an event; undefined for a type that this client does not know, as of a later version. */
export function decodeEvent(json: string): RegistrationEvent | undefined {
  const { envelope_id: id, payload_type: type, payload } = envelopeOf(json);
  if (typeof id !== "string" || !isKnown(type) || !PAYLOAD_CHECKS[type](payload)) return undefined;
  return { id, type, payload } as RegistrationEvent;
}

const isKnown = (type: unknown): type is RegistrationEventType =>
  typeof type === "string" && Object.hasOwn(PAYLOAD_CHECKS, type);

function envelopeOf(json: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(json)) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}
