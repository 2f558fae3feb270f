import { didYouMean } from "../diagnostics/did-you-mean.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { DomainModel } from "../model/domain-model.ts";
import { raisedEvents, renewingEvents } from "../model/events.ts";
import { reducerActionNames } from "../model/transitions.ts";
import { diagnosticAt, keyRef, type SourceRef, sourceRef } from "../reading/source-ref.ts";

/** RC101, the other way: code that no contract names would never run, and nobody would notice. */
export function* checkUnusedCode(model: DomainModel): Iterable<Diagnostic> {
  const { code, set, handlers, emissions, effects } = model;
  const { orchestrator, reducer } = set;
  const routing = keyRef(orchestrator, "handler_routing", "handlers");
  const emission = keyRef(reducer, "intent_emission", "intents");
  const transitions = keyRef(reducer, "state_machine", "transitions");
  const effectRows = set.effects[0] ? keyRef(set.effects[0], "handler_routing", "handlers") : emission;
  const { updates, builders } = code.reducer;
  const handlerNames = handlers.map(({ handler }) => handler.name);
  const builderNames = emissions.map(({ action }) => action.name);
  const intentNames = [...emissions, ...effects].map(({ intent }) => intent.name);
  const effectNames = effects.map(({ effect }) => effect.name);
  yield* unusedNames("handler", Object.keys(code.handlers), handlerNames, routing);
  yield* unusedHandlerActions(model);
  yield* unusedNames("state update", Object.keys(updates), reducerActionNames(model), transitions);
  yield* unusedNames("intent builder", Object.keys(builders), builderNames, emission);
  yield* unusedNames("intent", [...model.intents.keys()], intentNames, emission);
  yield* unusedNames("effect", Object.keys(code.effects), effectNames, effectRows);
  yield* unusedNames("message", [...model.messages.keys()], messageTypes(model), sourceRef(orchestrator, "name"));
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

function* unusedHandlerActions({ code, handlers }: DomainModel): Iterable<Diagnostic> {
  const seen = new Set<string>();
  for (const { handler } of handlers) {
    const inCode = handler.unknown || seen.has(handler.name) ? undefined : code.handlers[handler.name];
    if (!inCode) continue;
    seen.add(handler.name);
    const rows = handlers.filter((other) => other.handler.name === handler.name).flatMap((other) => other.rows);
    const named = rows.flatMap(({ action }) => action?.name ?? []);
    yield* unusedNames(`action of ${handler.name}`, Object.keys(inCode.actions), named, handler.at);
  }
}

/** Every message type that some contract is about. */
function messageTypes(model: DomainModel): readonly string[] {
  const { consumed, published, handlers, effects, triggers } = model;
  const lists = [renewingEvents(model), consumed, published, raisedEvents(model)];
  const events = [...handlers, ...triggers].map(({ event }) => event);
  const outputs = [...handlers, ...effects].flatMap((each) => each.outputs);
  return [...lists.flat(), ...events, ...outputs].map(({ subject }) => subject);
}
