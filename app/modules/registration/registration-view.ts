import { z } from "zod";
import { RegistrationState } from "../../../contracts/registration/messages/state.ts";
import { RegisteredNode } from "../../../contracts/registration/messages/registered-node.ts";
import type { Entity } from "../../../runtime/core/entity.ts";
import { toRfc3339 } from "../../../runtime/core/time.ts";
import { Deadlines, deadlinesView } from "../../http/entities/entity-view.ts";
import { Explanation } from "../../http/entities/explanation.ts";
import { TimelineItem } from "../../http/entities/timeline.ts";

/** One node's registration, as the API shows it. */
export const RegistrationView = z.object({
  node_id: z.string(),
  state: z.string().nullable().describe("the orchestrator's state"),
  reducer_state: z.string(),
  state_since: z.iso.datetime(),
  attempt: z.int().describe("1 for the first"),
  registration_attempt_id: z.string().nullable(),
  correlation_ids: z.array(z.string()).describe("the attempt's own first, then those of absorbed introspections"),
  entity_seq: z.int().describe("of the last published event"),
  deadlines: Deadlines,
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
    deadlines: deadlinesView(entity),
    node: node ?? null,
    failures: [...(failures ?? [])],
  };
}

/** One row of the journal, about one node. */
export const RegistrationTimelineItem = TimelineItem.omit({ attempt_id: true }).extend({
  registration_attempt_id: z.string().nullable(),
});
export type RegistrationTimelineItem = z.infer<typeof RegistrationTimelineItem>;

export const registrationTimelineItem = ({ attempt_id, ...item }: TimelineItem): RegistrationTimelineItem => ({
  ...item,
  registration_attempt_id: attempt_id,
});

/** Why a node is in its state, and what can change it. */
export const RegistrationExplanation = Explanation.omit({ id: true }).extend({ node_id: z.string() });
export type RegistrationExplanation = z.infer<typeof RegistrationExplanation>;

export const registrationExplanation = ({ id, ...explanation }: Explanation): RegistrationExplanation => ({
  node_id: id,
  ...explanation,
});
