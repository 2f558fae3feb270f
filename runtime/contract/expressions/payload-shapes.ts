import { z } from "zod";
import { DeadlineFired, IntentFailed } from "../../core/message.ts";
import type { DomainModel, EventRef } from "../model/domain-model.ts";
import { returnedEvents } from "../model/events.ts";
import type { ExpressionScope } from "./expression-types.ts";
import type { Shape } from "./field-types.ts";

/** The paths of a condition in a handler's row; undefined where the event's name is unknown. */
export const messageScope = (model: DomainModel, event: EventRef): ExpressionScope | undefined =>
  scopeOf(model, [event]);

/** The paths of a reducer transition's conditions; undefined when nothing is known of its trigger. */
export const triggerScope = (model: DomainModel, trigger: string): ExpressionScope | undefined =>
  scopeOf(
    model,
    model.triggers.flatMap((each) => (each.trigger.name === trigger ? [each.event] : [])),
  );

function scopeOf(model: DomainModel, events: readonly EventRef[]): ExpressionScope | undefined {
  const payloads = events.map((event) => payloadShape(model, event)).filter((shape) => shape !== undefined);
  return payloads.length > 0 ? { payloads, state: model.code.reducer.schema.shape } : undefined;
}

/** The fields of an event's payload. */
function payloadShape(model: DomainModel, { kind, subject, unknown }: EventRef): Shape | undefined {
  if (unknown) return undefined;
  if (kind === "deadline") return DeadlineFired.shape;
  if (kind === "failed") return IntentFailed.shape;
  const declaredShape = model.messages.get(subject)?.shape;
  const isPublished = model.published.some(({ name }) => name === subject) || returnedEvents(model).has(subject);
  return declaredShape && isPublished ? { ...runtimeFields(model), ...declaredShape } : declaredShape;
}

/** What every event of the orchestrator has, whatever its handler gave (`runtime/core/step-run.ts`). */
const runtimeFields = ({ entityIdField, attemptIdField }: DomainModel): Shape => ({
  entity_id: z.string(),
  [entityIdField.text]: z.string(),
  correlation_id: z.string(),
  causation_id: z.string(),
  [attemptIdField]: z.string(),
  attempt: z.int(),
  entity_seq: z.int(),
  emitted_at: z.string(),
});
