import { z } from "zod";
import { NO_ENTITY } from "../../core/domain.ts";
import { DeadlineFired, IntentFailed } from "../../core/message.ts";
import { formatEventPattern } from "../language/event-pattern.ts";
import type { DomainModel, EventRef } from "../model/domain-model.ts";
import {
  awaitedPublishes,
  countsPublished,
  messageOrigin,
  returnedEvents,
  statesWithDeadline,
} from "../model/events.ts";
import { eventFields } from "../model/event-fields.ts";
import type { ExpressionScope } from "./expression-types.ts";
import type { Shape } from "./field-types.ts";

/** The paths of a condition that any of these messages may meet; undefined where all their names are unknown. */
function messageScope(model: DomainModel, events: readonly EventRef[]): ExpressionScope | undefined {
  const payloads = events.map((event) => payloadShape(model, event)).filter((shape) => shape !== undefined);
  return payloads.length > 0 ? { payloads, state: model.code.reducer.schema.shape } : undefined;
}

/** The paths of a row's condition: of a message from outside it may read who sent it. */
export function rowScope(model: DomainModel, event: EventRef): ExpressionScope | undefined {
  const scope = messageScope(model, [event]);
  return scope && { ...scope, hasDoor: messageOrigin(model, event) === "bus" };
}

/** The paths of a reducer transition's conditions; undefined when nothing is known of its trigger. */
export const triggerScope = (model: DomainModel, trigger: string): ExpressionScope | undefined =>
  messageScope(
    model,
    model.triggers.flatMap((each) => (each.trigger.name === trigger ? [each.event] : [])),
  );

/** The fields of an event's payload. */
function payloadShape(model: DomainModel, { kind, subject, unknown }: EventRef): Shape | undefined {
  if (unknown) return undefined;
  if (kind === "deadline") return DeadlineFired.shape;
  if (kind === "failed") return IntentFailed.shape;
  const declaredShape = model.messages.get(subject)?.shape;
  const published = model.published.find(({ name }) => name === subject);
  if (!declaredShape || !(published || returnedEvents(model).has(subject))) return declaredShape;
  const { entityIdField, attemptIdField } = model;
  const isCounted = countsPublished(model) && published?.topic !== undefined;
  const names = { entityIdField: entityIdField.text, attemptIdField, countsPublished: isCounted };
  return { ...eventFields(names), ...declaredShape };
}

/** The paths of a `never`, with every name that they may be compared with. */
export function invariantScope(model: DomainModel): ExpressionScope {
  const { orchestrator, reducer, effects } = model;
  const shape = {
    orchestrator: enumOf([...orchestrator.states.keys()].filter((state) => state !== NO_ENTITY)),
    reducer: enumOf([...reducer.states.keys()]),
    seen: z.array(enumOf(seenNames(model))),
    owed: z.array(enumOf(effects.flatMap(({ intent, compensatedBy }) => (compensatedBy ? [intent.name] : [])))),
  };
  return { payloads: [shape], state: model.code.reducer.schema.shape, subject: "an invariant" };
}

const enumOf = (names: readonly string[]) => (names.length > 0 ? z.enum(names) : z.string());

/** Everything that may come in or go out in an attempt, by the names that contracts use. */
function seenNames(model: DomainModel): readonly string[] {
  const { consumed, published, effects } = model;
  const failing = effects.filter(({ mayFail }) => mayFail).map(({ intent }) => intent.name);
  const deadlines = statesWithDeadline(model).map(({ deadline }) => deadline.name);
  return [
    ...[...consumed, ...published, ...effects.flatMap(({ outputs }) => outputs)].map(({ name }) => name),
    ...failing.map((subject) => formatEventPattern({ kind: "failed", subject })),
    ...awaitedPublishes(model).map(({ name }) => name),
    ...deadlines.map((subject) => formatEventPattern({ kind: "deadline", subject })),
  ];
}
