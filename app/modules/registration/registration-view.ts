import { z } from "zod";
import { RegistrationState } from "../../../contracts/registration/messages/state.ts";
import { RegisteredNode } from "../../../contracts/registration/messages/registered-node.ts";
import type { Entity } from "../../../runtime/core/entity.ts";
import { toRfc3339 } from "../../../runtime/core/time.ts";

const Time = z.iso.datetime();

/** One node's registration, as the API shows it. */
export const RegistrationView = z.object({
  node_id: z.string(),
  state: z.string().nullable().describe("the orchestrator's state"),
  reducer_state: z.string(),
  state_since: Time,
  attempt: z.int().describe("1 for the first"),
  registration_attempt_id: z.string().nullable(),
  correlation_ids: z.array(z.string()).describe("the attempt's own first, then those of absorbed introspections"),
  entity_seq: z.int().describe("of the last published event"),
  deadlines: z
    .record(z.string(), z.object({ at: Time, renewed_at: Time.nullable() }))
    .describe("those that are armed, by the name in the contract"),
  node: RegisteredNode.nullable().describe("as last introspected"),
  failures: RegistrationState.shape.failures.describe("backends that failed permanently"),
});
export type RegistrationView = z.infer<typeof RegistrationView>;

export function registrationView(entity: Entity): RegistrationView {
  const { node, failures } = entity.data as RegistrationState;
  return {
    node_id: entity.id,
    state: entity.state,
    reducer_state: entity.reducerState,
    state_since: toRfc3339(entity.stateSince),
    attempt: entity.attempt.number,
    registration_attempt_id: entity.attempt.id || null,
    correlation_ids: [...entity.attempt.correlationIds],
    entity_seq: entity.seq,
    deadlines: Object.fromEntries(
      Object.entries(entity.deadlines).map(([name, { at, renewedAt }]) => [
        name,
        { at: toRfc3339(at), renewed_at: renewedAt === null ? null : toRfc3339(renewedAt) },
      ]),
    ),
    node: node ?? null,
    failures: [...(failures ?? [])],
  };
}
