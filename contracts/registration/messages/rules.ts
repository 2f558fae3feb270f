import type { EntityView } from "../../../runtime/core/handler.ts";
import type { PayloadOf } from "../../../runtime/core/message.ts";
import { fromRfc3339 } from "../../../runtime/core/time.ts";
import { type Address, parseEndpointAddress } from "./endpoint.ts";
import type { NodeRegistrationAcked } from "./node-registration-acked.ts";
import type { RegisteredNode } from "./registered-node.ts";
import type { RegistrationState } from "./state.ts";

// Rules that handlers and the reducer share; see protocol.md, Orchestrator states and Reducer states.

/** The orchestrator's state in which a node is ready for work and its check is passing. */
export const ACTIVE = "ACTIVE";

export const serviceName = ({ node_type }: Pick<RegisteredNode, "node_type">): string => `onex-${node_type}`;
export const serviceId = (node: Pick<RegisteredNode, "node_type" | "node_id">): string =>
  `${serviceName(node)}-${node.node_id}`;

/** The node's address in the catalog: that of its first endpoint, if it has one. */
export function firstAddress({ endpoints }: RegisteredNode): Address | null {
  const first = Object.values(endpoints)[0];
  return first === undefined ? null : parseEndpointAddress(first);
}

/** Why an introspection is older than the one that the entity holds; null if it is not. */
export function stalenessReason(
  reported: RegisteredNode,
  known: RegisteredNode,
  maxClockSkewMs: number,
): string | null {
  if (reported.epoch !== undefined && known.epoch !== undefined)
    return reported.epoch < known.epoch
      ? `stale introspection: epoch ${reported.epoch} is before ${known.epoch}`
      : null;
  const behindMs = timeOf(known) - timeOf(reported);
  return behindMs > maxClockSkewMs
    ? `stale introspection: ${behindMs} ms before the one of ${known.introspected_at}`
    : null;
}

const timeOf = ({ introspected_at }: RegisteredNode): number => fromRfc3339(introspected_at) ?? 0;

const CONTENT_FIELDS = ["node_type", "node_version", "node_name", "node_role", "health_endpoint"] as const;

/** Whether two introspections describe a node equally. Times, epochs and unknown fields are not compared. */
export const hasSameContent = (a: RegisteredNode, b: RegisteredNode): boolean =>
  CONTENT_FIELDS.every((field) => a[field] === b[field]) &&
  sameSet(a.capabilities, b.capabilities) &&
  sameMap(a.endpoints, b.endpoints) &&
  sameMap(a.metadata, b.metadata);

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  const left = new Set(a);
  const right = new Set(b);
  return left.size === right.size && b.every((item) => left.has(item));
}

function sameMap(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key]);
}

/** Each id in the ACK's payload must be of the current attempt; an ACK without ids answers any attempt. */
export function answersCurrentAttempt(
  { registration_attempt_id, correlation_id }: PayloadOf<typeof NodeRegistrationAcked>,
  { attempt }: EntityView<RegistrationState>,
): boolean {
  const itsAttempt = registration_attempt_id ?? attempt.id;
  return itsAttempt === attempt.id && (correlation_id == null || attempt.correlationIds.includes(correlation_id));
}

/** At most `max` UTF-16 units, without half a surrogate pair at the end. */
export const truncate = (text: string, max: number): string => text.slice(0, max).replace(/[\uD800-\uDBFF]$/, "");
