import { didYouMean } from "../diagnostics/did-you-mean.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { formatEventPattern } from "../language/event-pattern.ts";
import type { DomainModel, EventRef, HandlerModel, StateModel } from "../model/domain-model.ts";
import {
  type MessageOrigin,
  messageOrigin,
  renewingEvents,
  statesWithDeadline,
  returnedEvents,
  machineTriggers,
} from "../model/events.ts";
import { diagnosticAt, type DiagnosticDetails, sourceRef } from "../reading/contract-source.ts";
import { reducerActionNames, enteredState } from "../model/transitions.ts";

/** RC102: a message that is received or produced but not handled, and a route for a message that never occurs. */
export function* checkRoutes(model: DomainModel): Iterable<Diagnostic> {
  yield* messagesWithoutRoute(model);
  const { handlers, triggers, published } = model;
  const anyOrigin: readonly MessageOrigin[] = ["bus", "raised", "deadline", "failed", "published", "outcome"];
  for (const { event } of handlers) yield* routesWithoutOrigin(model, event, anyOrigin);
  // Only messages from the bus renew a deadline: they show that their sender is alive.
  for (const event of renewingEvents(model)) yield* routesWithoutOrigin(model, event, ["bus"]);
  for (const { event } of triggers)
    yield* routesWithoutOrigin(model, event, ["failed", "outcome", "published"], published);
}

function* messagesWithoutRoute(model: DomainModel): Iterable<Diagnostic> {
  const routed = new Set(model.handlers.map(({ event }) => event.name));
  const renewing = new Set(renewingEvents(model).map(({ name }) => name));
  for (const { name, at, unknown } of model.consumed) {
    if (unknown || routed.has(name)) continue;
    const remedy = renewing.has(name) ? "add a row for it under handlers: action: renew moves the deadline" : undefined;
    yield diagnosticAt("RC102", at, `${name} is consumed, but no handler takes it`, { remedy });
  }
  for (const { name: state, raises } of model.reducer.states.values())
    if (raises && !raises.unknown && !routed.has(raises.name))
      yield diagnosticAt("RC102", raises.at, `${state} raises ${raises.name}, but no handler takes it`);
  for (const { name: state, deadline } of statesWithDeadline(model)) {
    const name = formatEventPattern({ kind: "deadline", subject: deadline.name });
    if (!routed.has(name)) yield diagnosticAt("RC102", deadline.at, `no handler takes ${name}, which ${state} arms`);
  }
}

/** @param published for a trigger of the reducer: the events of the orchestrator, which it receives directly */
function* routesWithoutOrigin(
  model: DomainModel,
  event: EventRef,
  origins: readonly MessageOrigin[],
  published: readonly EventRef[] = [],
): Iterable<Diagnostic> {
  if (event.unknown || published.some(({ name }) => name === event.name)) return;
  const origin = messageOrigin(model, event);
  if (origin && origins.includes(origin)) return;
  const message = `${event.name} never arrives here: ${explainOrigin(model, event, origin)}`;
  yield diagnosticAt("RC102", event.at, message, suggestionFor(model, event, published));
}

function explainOrigin(
  { effects, published }: DomainModel,
  { kind, subject }: EventRef,
  origin: MessageOrigin | undefined,
): string {
  if (origin === "bus") return "what is consumed from the bus goes to handlers only";
  if (origin) return `it is ${origin === "raised" ? "raised by the reducer" : `a message of kind ${origin}`}`;
  if (kind === "published") {
    const isEvent = published.some(({ name }) => name === subject);
    return isEvent ? `${subject} has no topic, so it never reaches the bus` : `${subject} is not in published_events`;
  }
  if (kind !== "failed") return "it is neither consumed, nor raised, nor an outcome";
  const hasEffect = effects.some(({ intent }) => intent.name === subject);
  return hasEffect ? `${subject} is retried without a limit` : `no effect takes ${subject}`;
}

/** The name exists but can't arrive here, so it is probably a slip for a similar name that can. */
function suggestionFor(model: DomainModel, { name, at }: EventRef, published: readonly EventRef[]): DiagnosticDetails {
  const candidates = published.length > 0 ? published : model.consumed;
  const suggestion = didYouMean(
    name,
    candidates.map((use) => use.name),
  );
  const found = candidates.find((use) => use.name === suggestion && use.at !== at);
  return found ? { suggestion, related: [{ at: found.at, message: `${found.name} is declared here` }] } : {};
}

/** RC103: `output_events` and `published_events` name the same events; no topic is both read and written. */
export function* checkEvents(model: DomainModel): Iterable<Diagnostic> {
  const { handlers, published, set } = model;
  const related = [{ at: sourceRef(set.orchestrator, "published_events"), message: "the published events" }];
  const known = new Set(published.map(({ name }) => name));
  for (const { name, at, unknown } of handlers.flatMap(({ outputs }) => outputs))
    if (!unknown && !known.has(name))
      yield diagnosticAt("RC103", at, `${name} is not in published_events: it has no row there`, { related });
  for (const handler of handlers) yield* rowsBeyondHandler(handler);
  const returned = returnedEvents(model);
  for (const { name, at, unknown } of published)
    if (!unknown && !returned.has(name))
      yield diagnosticAt("RC103", at, `${name} is published, but in no handler's output_events`);
  yield* sharedTopics(model);
}

/** A row may return only events that its handler lists, because the checks of handlers look at that list alone. */
function* rowsBeyondHandler({ rows, outputs, handler }: HandlerModel): Iterable<Diagnostic> {
  const allowed = new Set(outputs.map(({ name }) => name));
  const notAllowed = new Map<string, EventRef[]>();
  for (const use of rows.flatMap((row) => row.outputs))
    if (!use.unknown && !allowed.has(use.name)) notAllowed.set(use.name, [...(notAllowed.get(use.name) ?? []), use]);
  for (const [name, [first, ...others]] of notAllowed) {
    const at = outputs[0]?.at ?? handler.at;
    const related = [
      { at, message: `what ${handler.name} may return` },
      ...others.map((other) => ({ at: other.at, message: "also returned here" })),
    ];
    const message = `${name} is not in output_events of ${handler.name}: a row only narrows them`;
    yield diagnosticAt("RC103", first?.at ?? at, message, { related });
  }
}

function* sharedTopics({ consumed, published, deadLetterTopic }: DomainModel): Iterable<Diagnostic> {
  for (const { text, at } of [...published.flatMap(({ topic }) => topic ?? []), deadLetterTopic]) {
    const read = consumed.find(({ topic }) => topic.text === text);
    if (!read) continue;
    const related = [{ at: read.topic.at, message: "consumed here" }];
    yield diagnosticAt("RC103", at, `${text} is consumed too: the domain would read its own events`, { related });
  }
}

/** RC203: each emitted intent has an effect, each effect's intent is emitted, and each outcome has a trigger. */
export function* checkIntentFlow(model: DomainModel): Iterable<Diagnostic> {
  const { emissions, effects } = model;
  const actions = new Set(reducerActionNames(model));
  const executable = effects.map(({ intent }) => intent.name);
  const emitted = emissions.map(({ intent }) => intent.name);
  for (const { action, intent } of emissions) {
    if (!action.unknown && !actions.has(action.name)) {
      const message = `no transition and no state uses ${action.name}, so it never emits ${intent.name}`;
      yield diagnosticAt("RC203", action.at, message);
    }
    if (!intent.unknown && !executable.includes(intent.name)) {
      const suggestion = didYouMean(intent.name, executable);
      yield diagnosticAt("RC203", intent.at, `no effect takes ${intent.name}`, { suggestion });
    }
  }
  for (const { intent } of effects)
    if (!intent.unknown && !emitted.includes(intent.name)) {
      const suggestion = didYouMean(intent.name, emitted);
      yield diagnosticAt("RC203", intent.at, `nothing emits ${intent.name}`, { suggestion });
    }
  yield* outcomesWithoutTrigger(model);
}

function* outcomesWithoutTrigger(model: DomainModel): Iterable<Diagnostic> {
  const { triggers, handlers, effects } = model;
  const uses = [...machineTriggers(model), ...[...triggers, ...handlers].map(({ event }) => event)];
  const triggering = new Set(uses.map(({ name }) => name));
  for (const { intent, mayFail, outputs } of effects) {
    for (const { name, at, unknown } of outputs)
      if (!unknown && !triggering.has(name)) yield diagnosticAt("RC203", at, `no trigger takes the outcome ${name}`);
    const failure = formatEventPattern({ kind: "failed", subject: intent.name });
    if (!intent.unknown && mayFail && !triggering.has(failure))
      yield diagnosticAt("RC203", intent.at, `${intent.name} may fail, but no trigger takes ${failure}`);
  }
}

/**
 * RC205: a trigger that nothing produces, or that no transition takes. (A reducer's trigger that is not in its
 * `consumed_events` is reported where names are resolved.)
 */
export function* checkTriggers(model: DomainModel): Iterable<Diagnostic> {
  const { reducer, triggers, handlers } = model;
  const published = new Set(model.published.map(({ name }) => name));
  const produced = new Set([...returnedEvents(model), ...published]);
  for (const trigger of firstUses(machineTriggers(model)))
    if (!trigger.unknown && !isProduced(model, trigger, produced)) yield unproducedTrigger(model, trigger);
  // Checked here only for handlers of raised events: what other handlers return is checked row by row (RC105).
  const accepted = new Set(machineTriggers(model).map(({ name }) => name));
  const raised = handlers.filter(({ event }) => messageOrigin(model, event) === "raised");
  for (const { name, at, unknown } of raised.flatMap(({ outputs }) => outputs))
    if (!unknown && !accepted.has(name) && published.has(name))
      yield diagnosticAt("RC205", at, `no transition takes ${name}`);
  const consumed = new Set(reducer.transitions.map(({ trigger }) => trigger.name));
  for (const { name, at } of firstUses(triggers.map(({ trigger }) => trigger)))
    if (!consumed.has(name))
      yield diagnosticAt("RC205", at, `no transition takes ${name}`, { suggestion: didYouMean(name, consumed) });
}

function unproducedTrigger(model: DomainModel, trigger: EventRef): Diagnostic {
  const row = model.published.find(({ name }) => trigger.kind === "published" && name === trigger.subject);
  if (!row) return diagnosticAt("RC205", trigger.at, `nothing produces ${trigger.name}`);
  const message = `nothing produces ${trigger.name}: ${explainOrigin(model, trigger, undefined)}`;
  const related = [{ at: row.at, message: `${row.name} is declared here` }];
  return diagnosticAt("RC205", trigger.at, message, {
    related,
    remedy: `give ${row.name} a topic, or wait for it itself`,
  });
}

/** A published event that is in no output_events is reported where it is published (RC103), not as a trigger. */
function isProduced(model: DomainModel, trigger: EventRef, produced: ReadonlySet<string>): boolean {
  if (trigger.kind === "event") return produced.has(trigger.name) || messageOrigin(model, trigger) === "outcome";
  const origin = messageOrigin(model, trigger);
  return origin === "published" || origin === "failed";
}

/** The first use of each name: a wrong name is reported once, however often it is used. */
const firstUses = <Use extends { readonly name: string }>(uses: readonly Use[]): readonly Use[] =>
  uses.filter(({ name }, index) => uses.findIndex((use) => use.name === name) === index);

/**
 * RC204: a raised event whose handler returns an event that makes the reducer raise it again, directly or through other
 * raised events, would keep a step from ending. The reducer's state at that point is ignored: other events of the step
 * may still be queued and change it.
 */
export function* checkRaisedCycles(model: DomainModel): Iterable<Diagnostic> {
  const reported = new Set<string>();
  for (const state of model.reducer.states.values()) {
    if (!state.raises || state.raises.unknown) continue;
    const cycle = cycleFrom(model, state);
    if (!cycle || cycle.some(({ name }) => reported.has(name))) continue;
    for (const { name } of cycle) reported.add(name);
    const names = [...cycle, state].map(({ raises }) => raises?.name ?? "");
    const related = cycle
      .slice(1)
      .flatMap(({ raises }) => (raises ? [{ at: raises.at, message: `${raises.name} is raised here` }] : []));
    const message = `a cycle of raised events: ${names.join(" leads to ")}`;
    yield diagnosticAt("RC204", state.raises.at, message, { related });
  }
}

/** Breadth-first search for the shortest path from a raising state back to the event that it raises. */
function cycleFrom(model: DomainModel, start: StateModel): readonly StateModel[] | undefined {
  const paths: (readonly StateModel[])[] = [[start]];
  const seen = new Set<string>();
  for (const path of paths) {
    const last = path.at(-1) ?? start;
    for (const next of raisedAfter(model, last.raises?.name ?? "")) {
      if (next.raises?.name === start.raises?.name) return path;
      if (seen.has(next.name)) continue;
      seen.add(next.name);
      paths.push([...path, next]);
    }
  }
  return undefined;
}

/** The raising states that the events of a raised event's handler may make the reducer enter. */
function raisedAfter({ handlers, triggers, reducer }: DomainModel, raised: string): readonly StateModel[] {
  const rows = handlers.filter(({ event }) => event.name === raised).flatMap((handler) => handler.rows);
  const returned = new Set(rows.flatMap(({ action, outputs }) => (action ? outputs.map(({ name }) => name) : [])));
  const triggered = new Set(
    triggers.filter(({ event }) => returned.has(event.name)).map(({ trigger }) => trigger.name),
  );
  return reducer.transitions.flatMap((transition) => {
    const state = triggered.has(transition.trigger.name) ? enteredState(reducer, transition) : undefined;
    return state?.raises ? [state] : [];
  });
}
