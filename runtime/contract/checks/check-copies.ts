import { z } from "zod";
import { DeadlineFired, IntentFailed } from "../../core/message.ts";
import { didYouMean } from "../diagnostics/did-you-mean.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { type Shape, typesAt } from "../expressions/field-types.ts";
import type { DomainModel, EventRef } from "../model/domain-model.ts";
import { givenFields } from "../model/event-fields.ts";
import { diagnosticAt } from "../reading/contract-source.ts";

/** RC108: a row without a handler finds each field of its event in the message, with a type that the event takes. */
export function* checkCopies(model: DomainModel): Iterable<Diagnostic> {
  for (const { copiesFields, event: message, rows } of model.handlers) {
    const from = takenShape(model, message);
    if (!copiesFields || !from) continue;
    for (const [name, event] of new Map(rows.flatMap(copiedEvent))) {
      const shape = model.messages.get(name)?.shape;
      if (!shape) continue;
      for (const field of givenFields(shape, model.entityIdField.text, model.attemptIdField)) {
        const problem = problemOf(field, from, shape);
        if (!problem) continue;
        const text = `without a handler ${name} gets its fields from ${message.name}: ${problem}`;
        const suggestion = Object.hasOwn(from, field) ? undefined : didYouMean(field, Object.keys(from));
        const related = [{ at: message.at, message: "this row has no handler" }];
        yield diagnosticAt("RC108", event.at, text, { suggestion, related });
      }
    }
  }
}

/** The event that a row returns, by name; none for a no_op. */
function copiedEvent({ action, outputs }: DomainModel["handlers"][number]["rows"][number]) {
  const [event] = outputs;
  return action && event && !event.unknown ? [[event.name, event] as const] : [];
}

/** The fields that a handler of this event is given; `published(Event)` has none. */
function takenShape({ messages }: DomainModel, { kind, subject, unknown }: EventRef): Shape | undefined {
  if (unknown) return undefined;
  if (kind === "deadline") return DeadlineFired.shape;
  if (kind === "failed") return IntentFailed.shape;
  return kind === "published" ? {} : messages.get(subject)?.shape;
}

const mayBeAbsent = (shape: Shape, field: string): boolean => z.safeParse(shape[field]!, undefined).success;

function problemOf(field: string, from: Shape, to: Shape): string | undefined {
  if (!Object.hasOwn(from, field)) return `it has no ${field}`;
  if (mayBeAbsent(from, field) && !mayBeAbsent(to, field)) return `it may lack ${field}`;
  const [given, taken] = [typesAt(from, [field]), typesAt(to, [field])];
  if ("missing" in given || "missing" in taken) return undefined;
  const kinds = new Set(taken.types.map(({ kind }) => kind));
  const fits = kinds.has("any") || given.types.every(({ kind }) => kind === "any" || kinds.has(kind));
  return fits ? undefined : `its ${field} is of another type`;
}
