import { didYouMean } from "../diagnostics/did-you-mean.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { DomainModel, EffectModel, EventRef, TextRef, NameRef } from "../model/domain-model.ts";
import { raisedEvents, renewingEvents, statesWithDeadline } from "../model/events.ts";
import { firstByKey } from "../model/first-by-key.ts";
import { reducerActionNames } from "../model/transitions.ts";
import { diagnosticAt, keyRef, type SourceRef, sourceRef } from "../reading/contract-source.ts";
import { DeadlineFired, IntentFailed } from "../../core/message.ts";
import { messageTypeOf } from "../model/read-handlers.ts";
import { gatewayNames } from "./check-gateways.ts";

/** RC101, the other way: code that no contract names would never run, and nobody would notice. */
export function* checkUnusedCode(model: DomainModel): Iterable<Diagnostic> {
  const { code, set, handlers, emissions, effects, projections } = model;
  const { orchestrator, reducer = orchestrator } = set;
  const routing = keyRef(orchestrator, "handler_routing", "handlers");
  const emission = keyRef(reducer, "intent_emission", "intents");
  const transitions = keyRef(reducer, "state_machine", "transitions");
  const effectRows = set.effects[0] ? keyRef(set.effects[0], "handler_routing", "handlers") : emission;
  const computeRows = set.computes[0] ? keyRef(set.computes[0], "projections") : sourceRef(orchestrator, "name");
  const isOneMissing = projections.some((each) => each.function.written === "");
  const rowFunctions = isOneMissing ? [] : Object.keys(code.rows ?? {});
  const { updates, builders } = code.reducer;
  const intents = [...emissions, ...effects].map(({ intent }) => intent.name);
  const lists: readonly Parameters<typeof unusedNames>[] = [
    ["handler", Object.keys(code.handlers), handlers.map(({ handler }) => handler.name), routing],
    ["state update", Object.keys(updates), reducerActionNames(model), transitions],
    ["intent builder", Object.keys(builders), emissions.map(({ action }) => action.name), emission],
    ["intent", [...model.intents.keys()], intents, emission],
    ["effect", Object.keys(code.effects), effects.map(({ effect }) => effect.name), effectRows],
    ["row function", rowFunctions, projections.map((each) => each.function.name), computeRows],
    ["message", [...model.messages.keys()], messageTypes(model), sourceRef(orchestrator, "name")],
    ...gatewayFunctions(model),
    ...handlerActions(model),
  ];
  for (const list of lists) yield* unusedNames(...list);
}

function* unusedNames(
  kind: string,
  inCode: readonly string[],
  named: readonly string[],
  at: SourceRef,
): Iterable<Diagnostic> {
  const known = new Set(named);
  const missing = named.filter((each) => !inCode.includes(each));
  for (const name of inCode)
    if (!known.has(name))
      yield diagnosticAt("RC101", at, `${kind} ${name} is in code, but no contract names it`, {
        suggestion: didYouMean(name, missing),
      });
}

function gatewayFunctions(model: DomainModel): readonly Parameters<typeof unusedNames>[] {
  const { requests = {}, views = {}, errors = {}, calls = {}, rowViews = {}, shapes = {} } = model.code;
  const { at, ...named } = gatewayNames(model);
  return [
    ["request function", Object.keys(requests), named.requests, at],
    ["view", Object.keys(views), named.views, at],
    ["errors function", Object.keys(errors), named.errors, at],
    ["call function", Object.keys(calls), named.calls, at],
    ["row view", Object.keys(rowViews), named.rowViews, at],
    ["shape", Object.keys(shapes), named.shapes, at],
  ];
}

const handlerActions = (model: DomainModel): readonly Parameters<typeof unusedNames>[] =>
  handlersInCode(model).map(({ handler, actions }) => {
    const rows = model.handlers.filter((other) => other.handler.name === handler.name).flatMap((other) => other.rows);
    const named = rows.flatMap(({ action }) => action?.name ?? []);
    return [`action of ${handler.name}`, Object.keys(actions), named, handler.at];
  });

/** The handlers that contracts name, each where it is named first. */
const handlersInCode = ({ code, handlers }: DomainModel) =>
  [...firstByKey(handlers.map(({ handler }) => [handler.name, handler])).values()].flatMap((handler) => {
    const inCode = code.handlers[handler.name];
    return inCode && !handler.unknown ? [{ handler, ...inCode }] : [];
  });

/** Every message type that some contract is about. */
function messageTypes(model: DomainModel): readonly string[] {
  const { consumed, published, handlers, effects, triggers } = model;
  const lists = [renewingEvents(model), consumed, published, raisedEvents(model)];
  const events = [...handlers, ...triggers].map(({ event }) => event);
  const outputs = [...handlers, ...effects].flatMap((each): readonly EventRef[] => each.outputs);
  return [...lists.flat(), ...events, ...outputs].map(({ subject }) => subject);
}

/** RC101: a name that exists, but is the name of something else than its place asks for. */
export function* checkCodeFit({ set, code, handlers, effects }: DomainModel): Iterable<Diagnostic> {
  if (set.domain !== code.domain) {
    const message = `the code given is of the domain ${code.domain}, not ${set.domain}`;
    yield diagnosticAt("RC101", sourceRef(set.orchestrator, "domain"), message, { suggestion: code.domain });
  }
  for (const { event, written, handler } of handlers) {
    const takes = code.handlers[written.name]?.message.messageType ?? "";
    if (written.unknown || event.unknown || takes === messageTypeOf(event)) continue;
    const message = `${written.name} takes ${displayName(takes)}, not ${displayName(messageTypeOf(event))}`;
    yield wrongName(written, handler, message, event);
  }
  for (const { intent, written, effect } of effects) {
    const takes = code.effects[written.name]?.intent.intentType ?? "";
    if (written.unknown || intent.unknown || takes === intent.name) continue;
    yield wrongName(written, effect, `${written.name} carries out ${takes}, not ${intent.name}`, intent);
  }
}

function wrongName(written: NameRef, meant: NameRef, message: string, about: NameRef): Diagnostic {
  const related = [{ at: about.at, message: `this row is about ${about.name}` }];
  return diagnosticAt("RC101", written.at, message, { related, suggestion: meant.unknown ? undefined : meant.name });
}

const displayName = (messageType: string): string => {
  if (messageType === DeadlineFired.messageType) return "DeadlineFired";
  return messageType === IntentFailed.messageType ? "IntentFailed" : messageType;
};

/** What the runtime itself reports of an effect that threw or took too long: every effect may end so. */
const RUNTIME_FAULTS = ["UNAVAILABLE"];

/** RC110: some state arms each deadline that a handler declares, and some effect reports each fault code listed. */
export function* checkCodeDeclarations(model: DomainModel): Iterable<Diagnostic> {
  yield* undeclaredDeadlines(model);
  const withCodes = model.effects.filter(({ retryOn }) => retryOn);
  for (const effect of withCodes) if (effect.retryOn?.own) yield* unknownFaultCodes(model, [effect]);
  // A code of the shared policy must be known to one of the effects that it is for, an effect's own to that effect.
  const shared = withCodes.filter(({ retryOn }) => !retryOn?.own);
  for (const source of new Set(shared.map(({ at }) => at.source)))
    yield* unknownFaultCodes(
      model,
      shared.filter(({ at }) => at.source === source),
    );
}

function* undeclaredDeadlines(model: DomainModel): Iterable<Diagnostic> {
  const deadlines = new Map(statesWithDeadline(model).map(({ deadline: { name, at } }) => [name, at]));
  for (const { handler, deadlines: declared } of handlersInCode(model))
    for (const name of declared) {
      if (deadlines.has(name)) continue;
      const suggestion = didYouMean(name, deadlines.keys());
      const at = deadlines.get(suggestion ?? "");
      const related = at && [{ at, message: `${suggestion} is declared here` }];
      const message = `${handler.name} asks for deadline ${name}, which no state arms`;
      yield diagnosticAt("RC110", handler.at, message, { suggestion, related });
    }
}

function* unknownFaultCodes({ code }: DomainModel, effects: readonly EffectModel[]): Iterable<Diagnostic> {
  if (effects.some(({ effect }) => effect.unknown)) return;
  const faults = effects.flatMap(({ effect }) => code.effects[effect.name]?.faults ?? []);
  const known = [...new Set([...faults, ...RUNTIME_FAULTS])];
  const [first, ...others] = effects;
  const subject = others.length === 0 ? `${first?.effect.name} never reports` : "no effect that this is for reports";
  for (const { text, at } of first?.retryOn?.codes ?? [])
    if (!known.includes(text))
      yield diagnosticAt("RC110", at, `${subject} ${text}: known are ${known.join(", ")}`, {
        suggestion: didYouMean(text, known),
      });
}

/** RC109: what may be declared once and is declared again; the second place is the problem, the first is related. */
export function* checkDuplicates(model: DomainModel): Iterable<Diagnostic> {
  const { handlers, orchestrator, reducer, emissions, effects, consumed, published, triggers, projections } = model;
  yield* duplicates("contract", model.contractNames.map(named));
  for (const { declaredStates } of [orchestrator, reducer]) yield* duplicates("state", declaredStates);
  const lists: readonly (readonly [what: string, declared: readonly Declaration[]])[] = [
    ["deadline", statesWithDeadline(model).map(({ deadline }) => deadline)],
    ["handler for", handlers.map(({ event }) => event)],
    ["consumed event", consumed],
    ["published event", published],
    ["trigger for", triggers.map(({ event }) => event)],
    ["action", emissions.map(({ action }) => action)],
    ["effect for", effects.map(({ intent }) => intent)],
    ["projection", projections.map(({ name, nameAt: at }) => ({ name, at }))],
  ];
  for (const [what, declared] of lists) yield* duplicates(what, declared);
}

interface Declaration {
  readonly name: string;
  readonly at: SourceRef;
}

const named = ({ text, at }: TextRef): Declaration => ({ name: text, at });

function* duplicates(what: string, declared: readonly Declaration[]): Iterable<Diagnostic> {
  const first = new Map<string, SourceRef>();
  for (const { name, at } of declared) {
    const earlier = first.get(name);
    if (!earlier) first.set(name, at);
    else {
      const related = [{ at: earlier, message: `${name} is declared here first` }];
      yield diagnosticAt("RC109", at, `${what} ${name} is declared twice`, { related });
    }
  }
}
