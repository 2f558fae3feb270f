import { didYouMean } from "../diagnostics/did-you-mean.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { DomainModel } from "../model/domain-model.ts";
import { keyRef, diagnosticAt, type SourceRef, sourceRef } from "../reading/source-ref.ts";

/** RC101, the other way: code that no contract names would never run, and nobody would notice. */
export function checkUnusedCode(model: DomainModel): readonly Diagnostic[] {
  const { code, set, handlers, emissions, effects } = model;
  const { orchestrator, reducer } = set;
  const routing = keyRef(orchestrator, "handler_routing", "handlers");
  const emission = keyRef(reducer, "intent_emission", "intents");
  const transitions = keyRef(reducer, "state_machine", "transitions");
  const effectRows = set.effects[0] ? keyRef(set.effects[0], "handler_routing", "handlers") : emission;
  const requestedIntents = [...emissions.map(({ intent }) => intent.name), ...effects.map(({ intent }) => intent.name)];
  return [
    ...unusedNames(
      "handler",
      Object.keys(code.handlers),
      handlers.map(({ handler }) => handler.name),
      routing,
    ),
    ...unusedHandlerActions(model),
    ...unusedNames("state update", Object.keys(code.reducer.updates), reducerActionNames(model), transitions),
    ...unusedNames(
      "intent builder",
      Object.keys(code.reducer.builders),
      emissions.map(({ action }) => action.name),
      emission,
    ),
    ...unusedNames(
      "intent",
      code.intents.map(({ intentType }) => intentType),
      requestedIntents,
      emission,
    ),
    ...unusedNames(
      "effect",
      Object.keys(code.effects),
      effects.map(({ effect }) => effect.name),
      effectRows,
    ),
    ...unusedNames(
      "message",
      code.messages.map(({ messageType }) => messageType),
      referencedMessageTypes(model),
      sourceRef(orchestrator, "name"),
    ),
  ];
}

function unusedNames(
  what: string,
  inCode: readonly string[],
  named: readonly string[],
  at: SourceRef,
): readonly Diagnostic[] {
  const known = new Set(named);
  const unused = inCode.filter((name) => !known.has(name));
  return unused.map((name) => {
    const suggestion = didYouMean(
      name,
      named.filter((each) => !inCode.includes(each)),
    );
    return diagnosticAt("RC101", at, `${what} ${name} is in code, but no contract names it`, { suggestion });
  });
}

function unusedHandlerActions({ code, handlers }: DomainModel): readonly Diagnostic[] {
  const seen = new Set<string>();
  return handlers.flatMap(({ handler }) => {
    const inCode = handler.unknown || seen.has(handler.name) ? undefined : code.handlers[handler.name];
    if (!inCode) return [];
    seen.add(handler.name);
    const rows = handlers.filter((other) => other.handler.name === handler.name).flatMap((other) => other.rows);
    const named = rows.flatMap(({ action }) => (action ? [action.name] : []));
    return unusedNames(`action of ${handler.name}`, Object.keys(inCode.actions), named, handler.at);
  });
}

/** Every action that a transition or a state names. */
export const reducerActionNames = ({ reducer }: DomainModel): readonly string[] => [
  ...[...reducer.states.values()].flatMap(({ entryActions }) => entryActions.map(({ name }) => name)),
  ...reducer.transitions.flatMap(({ actions }) => actions.map(({ name }) => name)),
];

/** Every message type that some contract is about. */
function referencedMessageTypes({
  consumed,
  published,
  handlers,
  orchestrator,
  reducer,
  effects,
  triggers,
}: DomainModel) {
  const raises = [...reducer.states.values()].flatMap((state) => (state.raises ? [state.raises] : []));
  const renewing = [...orchestrator.states.values()].flatMap(({ deadline }) => deadline?.renewedBy ?? []);
  const uses = [
    ...renewing,
    ...consumed,
    ...published,
    ...raises,
    ...handlers.flatMap(({ event, outputs }) => [event, ...outputs]),
    ...effects.flatMap(({ outputs }) => outputs),
    ...triggers.map(({ event }) => event),
  ];
  return uses.map(({ subject }) => subject);
}
