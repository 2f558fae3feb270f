import type { Domain, IntentSpec } from "./domain.ts";
import type { Intent, NewIntent } from "./intent.ts";

type About = Pick<Intent, "id" | "entityId" | "attemptId" | "version" | "correlationId" | "traceparent">;

/** What a builder built, with all that the runtime adds. */
export const completeIntent = (domain: Domain, spec: IntentSpec, built: NewIntent, about: About): Intent => ({
  id: about.id,
  entityId: about.entityId,
  attemptId: about.attemptId,
  version: about.version,
  correlationId: about.correlationId,
  traceparent: about.traceparent,
  type: built.type,
  target: spec.target(built.payload),
  payload: {
    intent_type: built.type,
    correlation_id: about.correlationId,
    [domain.attempt.idField]: about.attemptId,
    version: about.version,
    ...built.payload,
  },
});
