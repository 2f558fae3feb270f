import type { Domain, IntentSpec } from "./domain.ts";
import type { Intent, NewIntent } from "./intent.ts";

type IntentIdentity = Pick<Intent, "id" | "entityId" | "attemptId" | "version" | "correlationId" | "traceparent">;

/** Adds to a builder's intent what the runtime knows. */
export const completeIntent = (
  domain: Domain,
  spec: IntentSpec,
  built: NewIntent,
  identity: IntentIdentity,
): Intent => ({
  id: identity.id,
  entityId: identity.entityId,
  attemptId: identity.attemptId,
  version: identity.version,
  correlationId: identity.correlationId,
  traceparent: identity.traceparent,
  type: built.type,
  target: spec.target(built.payload),
  payload: {
    intent_type: built.type,
    correlation_id: identity.correlationId,
    [domain.attempt.idField]: identity.attemptId,
    version: identity.version,
    ...built.payload,
  },
});
