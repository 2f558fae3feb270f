import { NodeBecameActive } from "../../../contracts/registration/messages/node-became-active.ts";
import type { RegistrationState } from "../../../contracts/registration/messages/state.ts";
import type { Decision } from "../../../runtime/core/decision.ts";

/**
 * How long a node took from the introspection that began its attempt until it was stored as active, by the broker's
 * clock; undefined when this decision made none active. The introspection's time waits in the log included.
 */
export function activationMs({ events, entity }: Decision, brokerTimeMs: () => number): number | undefined {
  if (!events.some(({ type }) => type === NodeBecameActive.messageType)) return undefined;
  const { node } = entity?.data as RegistrationState;
  return node ? Math.max(0, brokerTimeMs() - Date.parse(node.introspected_at)) : undefined;
}
