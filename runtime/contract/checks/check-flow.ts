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

/** RC103: `output_events` and `published_events` are one list; no topic is both read and written. */
export function* checkEvents(model: DomainModel): Iterable<Diagnostic> {
  const { handlers, published, set } = model;
  const related = [{ at: sourceRef(set.orchestrator, "published_events"), message: "the published events" }];
  const known = new Set(published.map(({ name }) => name));
  for (const { name, at, unknown } of handlers.flatMap(({ outputs }) => outputs))
    if (!unknown && !known.has(name))
      yield diagnosticAt("RC103", at, `${name} is not in published_events: it has no topic`, { related });
  for (const handler of handlers) yield* widenedRows(handler);
  const returned = returnedEvents(model);
  for (const { name, at, unknown } of published)
    if (!unknown && !returned.has(name))
      yield diagnosticAt("RC103", at, `${name} is published, but in no handler's output_events`);
  yield* sharedTopics(model);
}

/** A row narrows its handler's list: an event that is not there would escape every other check of it. */
function* widenedRows({ rows, outputs, handler }: HandlerModel): Iterable<Diagnostic> {
  const allowed = new Set(outputs.map(({ name }) => name));
  const more = new Map<string, EventRef[]>();
  for (const use of rows.flatMap((row) => row.outputs))
    if (!use.unknown && !allowed.has(use.name)) more.set(use.name, [...(more.get(use.name) ?? []), use]);
  for (const [name, [first, ...others]] of more) {
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
  for (const { text, at } of [...published.map(({ topic }) => topic), deadLetterTopic]) {
    const read = consumed.find(({ topic }) => topic.text === text);
    if (!read) continue;
    const related = [{ at: read.topic.at, message: "consumed here" }];
    yield diagnosticAt("RC103", at, `${text} is consumed too: the domain would read its own events`, { related });
  }
}

/** RC203: every intent that is asked for has an effect and the other way round, and some trigger takes each outcome. */
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
  yield* untakenOutcomes(model);
}

function* untakenOutcomes(model: DomainModel): Iterable<Diagnostic> {
  const { triggers, handlers, effects } = model;
  const uses = [...machineTriggers(model), ...[...triggers, ...handlers].map(({ event }) => event)];
  const taken = new Set(uses.map(({ name }) => name));
  for (const { intent, mayFail, outputs } of effects) {
    for (const { name, at, unknown } of outputs)
      if (!unknown && !taken.has(name)) yield diagnosticAt("RC203", at, `no trigger takes the outcome ${name}`);
    const failure = formatEventPattern({ kind: "failed", subject: intent.name });
    if (!intent.unknown && mayFail && !taken.has(failure))
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
    if (!trigger.unknown && !isProduced(model, trigger, produced))
      yield diagnosticAt("RC205", trigger.at, `nothing produces ${trigger.name}`);
  // Other rows' events are checked where they are returned (RC105); here those that only raised events lead to.
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

/** A published event that is in no output_events is reported where it is published (RC103), not as a trigger. */
function isProduced(model: DomainModel, trigger: EventRef, produced: ReadonlySet<string>): boolean {
  if (trigger.kind === "event") return produced.has(trigger.name) || messageOrigin(model, trigger) === "outcome";
  const origin = messageOrigin(model, trigger);
  return origin === "published" || origin === "failed";
}

/** Of a name used in several places the first: it is one mistake. */
const firstUses = <Use extends { readonly name: string }>(uses: readonly Use[]): readonly Use[] =>
  uses.filter(({ name }, index) => uses.findIndex((use) => use.name === name) === index);

/**
 * RC204: a raised event whose handler returns an event that makes the reducer raise it again, at once or by way of
 * others, would never let a step end. Which state the reducer is in by then is not asked: events may still wait.
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

/** The shortest way from a raising state back to its own event, by breadth. */
function cycleFrom(model: DomainModel, start: StateModel): readonly StateModel[] | undefined {
  const ways: (readonly StateModel[])[] = [[start]];
  const seen = new Set<string>();
  for (const way of ways) {
    const last = way.at(-1) ?? start;
    for (const next of raisedAfter(model, last.raises?.name ?? "")) {
      if (next.raises?.name === start.raises?.name) return way;
      if (seen.has(next.name)) continue;
      seen.add(next.name);
      ways.push([...way, next]);
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
