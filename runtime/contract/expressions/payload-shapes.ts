import { z } from "zod";
import { DeadlineFired, IntentFailed } from "../../core/message.ts";
import type { DomainModel, EventRef } from "../model/domain-model.ts";
import type { Shape } from "./field-types.ts";
import { returnedEvents } from "../model/message-origin.ts";

/** The fields of an event's payload; undefined where its name is unknown. */
export function payloadShape(model: DomainModel, { kind, subject, unknown }: EventRef): Shape | undefined {
  if (unknown) return undefined;
  if (kind === "deadline") return DeadlineFired.shape;
  if (kind === "failed") return IntentFailed.shape;
  const declaredShape = model.code.messages.find(({ messageType }) => messageType === subject)?.shape;
  const isPublished = model.published.some(({ name }) => name === subject) || returnedEvents(model).has(subject);
  return declaredShape && isPublished ? { ...runtimeFields(model), ...declaredShape } : declaredShape;
}

/** The payloads that may pull a reducer's trigger, one shape for each event. */
export const triggerPayloadShapes = (model: DomainModel, trigger: string): readonly Shape[] =>
  model.triggers.flatMap(({ event, trigger: { name } }) => {
    const shape = name === trigger ? payloadShape(model, event) : undefined;
    return shape ? [shape] : [];
  });

/** What every event of the orchestrator has, whatever its handler gave. */
function runtimeFields({ set: { orchestrator } }: DomainModel): Shape {
  const { entity_id, attempt } = orchestrator.contract;
  return {
    entity_id: z.string(),
    [entity_id]: z.string(),
    correlation_id: z.string(),
    causation_id: z.string(),
    [attempt.id]: z.string(),
    attempt: z.int(),
    entity_seq: z.int(),
    emitted_at: z.string(),
  };
}
