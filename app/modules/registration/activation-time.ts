import { NodeBecameActive } from "../../../contracts/registration/messages/node-became-active.ts";
import type { RegistrationState } from "../../../contracts/registration/messages/state.ts";
import type { Decision } from "../../../runtime/core/decision.ts";

/**
 * How long a node took to become active, by the broker's clock: from the introspection that began its attempt (its time
 * in the log included) to this decision. Undefined when the decision made no node active.
 */
export function activationMs({ events, entity }: Decision, brokerTimeMs: () => number): number | undefined {
  if (!events.some(({ type }) => type === NodeBecameActive.messageType)) return undefined;
  const { node } = entity?.data as RegistrationState;
  return node ? Math.max(0, brokerTimeMs() - Date.parse(node.introspected_at)) : undefined;
}
