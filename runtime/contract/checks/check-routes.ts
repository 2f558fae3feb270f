import { didYouMean } from "../diagnostics/did-you-mean.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { formatEventPattern } from "../language/event-pattern.ts";
import type { DomainModel, EventRef } from "../model/domain-model.ts";
import { type MessageOrigin, messageOrigin, renewingEvents, statesWithDeadline } from "../model/events.ts";
import { diagnosticAt, type DiagnosticDetails } from "../reading/source-ref.ts";

/** RC102: what comes in and goes nowhere, and a route that no message ever takes. */
export function* checkRoutes(model: DomainModel): Iterable<Diagnostic> {
  yield* withoutRoute(model);
  const { handlers, triggers, published } = model;
  const anyOrigin: readonly MessageOrigin[] = ["bus", "raised", "deadline", "failed", "published", "outcome"];
  for (const { event } of handlers) yield* withoutOrigin(model, event, anyOrigin);
  // Only what comes from the bus renews, because it shows that the sender is there.
  for (const event of renewingEvents(model)) yield* withoutOrigin(model, event, ["bus"]);
  for (const { event } of triggers) yield* withoutOrigin(model, event, ["failed", "outcome", "published"], published);
}

function* withoutRoute(model: DomainModel): Iterable<Diagnostic> {
  const routed = new Set(model.handlers.map(({ event }) => event.name));
  const renewing = new Set(renewingEvents(model).map(({ name }) => name));
  for (const { name, at, unknown } of model.consumed)
    if (!unknown && !routed.has(name) && !renewing.has(name))
      yield diagnosticAt("RC102", at, `${name} is consumed, but no handler takes it and no deadline is renewed by it`);
  for (const { name: state, raises } of model.reducer.states.values())
    if (raises && !raises.unknown && !routed.has(raises.name))
      yield diagnosticAt("RC102", raises.at, `${state} raises ${raises.name}, but no handler takes it`);
  for (const { name: state, deadline } of statesWithDeadline(model)) {
    const name = formatEventPattern({ kind: "deadline", subject: deadline.name });
    if (!routed.has(name)) yield diagnosticAt("RC102", deadline.at, `no handler takes ${name}, which ${state} arms`);
  }
}

function* withoutOrigin(
  model: DomainModel,
  event: EventRef,
  origins: readonly MessageOrigin[],
  more: readonly EventRef[] = [],
): Iterable<Diagnostic> {
  if (event.unknown || more.some(({ name }) => name === event.name)) return;
  const origin = messageOrigin(model, event);
  if (origin && origins.includes(origin)) return;
  const message = `${event.name} never comes here: ${explainOrigin(model, event, origin)}`;
  yield diagnosticAt("RC102", event.at, message, detailsOf(model, event, more));
}

function explainOrigin(
  { effects }: DomainModel,
  { kind, subject }: EventRef,
  origin: MessageOrigin | undefined,
): string {
  if (origin === "bus") return "what is consumed from the bus goes to handlers only";
  if (origin) return `it is ${origin === "raised" ? "raised by the reducer" : `a message of kind ${origin}`}`;
  if (kind === "published") return `${subject} is not in published_events`;
  if (kind !== "failed") return "it is neither consumed, nor raised, nor an outcome";
  const taken = effects.some(({ intent }) => intent.name === subject);
  return taken ? `${subject} is retried without a limit` : `no effect takes ${subject}`;
}

/** A wrong name that exists: what was meant is probably near, among the sources that have no route. */
function detailsOf(model: DomainModel, { name, at }: EventRef, more: readonly EventRef[]): DiagnosticDetails {
  const candidates = more.length > 0 ? more : model.consumed;
  const suggestion = didYouMean(
    name,
    candidates.map((use) => use.name),
  );
  const found = candidates.find((use) => use.name === suggestion && use.at !== at);
  return found ? { suggestion, related: [{ at: found.at, message: `${found.name} is declared here` }] } : {};
}
