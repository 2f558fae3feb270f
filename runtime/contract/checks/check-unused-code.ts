import { didYouMean } from "../diagnostics/did-you-mean.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { DomainModel } from "../model/domain-model.ts";
import { keyOf, problem, type Spot, spot } from "../reading/source-ref.ts";

/** RC101, the other way: code that no contract names would never run, and nobody would notice. */
export function checkUnnamed(model: DomainModel): readonly Diagnostic[] {
  const { code, set, handlers, emissions, effects } = model;
  const { orchestrator, reducer } = set;
  const routing = keyOf(orchestrator, "handler_routing", "handlers");
  const emission = keyOf(reducer, "intent_emission", "intents");
  const transitions = keyOf(reducer, "state_machine", "transitions");
  const effectRows = set.effects[0] ? keyOf(set.effects[0], "handler_routing", "handlers") : emission;
  const asked = [...emissions.map(({ intent }) => intent.name), ...effects.map(({ intent }) => intent.name)];
  return [
    ...unnamed(
      "handler",
      Object.keys(code.handlers),
      handlers.map(({ handler }) => handler.name),
      routing,
    ),
    ...actionsOfHandlers(model),
    ...unnamed("state update", Object.keys(code.reducer.updates), actionsOf(model), transitions),
    ...unnamed(
      "intent builder",
      Object.keys(code.reducer.builders),
      emissions.map(({ action }) => action.name),
      emission,
    ),
    ...unnamed(
      "intent",
      code.intents.map(({ intentType }) => intentType),
      asked,
      emission,
    ),
    ...unnamed(
      "effect",
      Object.keys(code.effects),
      effects.map(({ effect }) => effect.name),
      effectRows,
    ),
    ...unnamed(
      "message",
      code.messages.map(({ messageType }) => messageType),
      eventsOf(model),
      spot(orchestrator, "name"),
    ),
  ];
}

function unnamed(what: string, inCode: readonly string[], named: readonly string[], at: Spot): readonly Diagnostic[] {
  const known = new Set(named);
  const unused = inCode.filter((name) => !known.has(name));
  return unused.map((name) => {
    const suggestion = didYouMean(
      name,
      named.filter((each) => !inCode.includes(each)),
    );
    return problem("RC101", at, `${what} ${name} is in code, but no contract names it`, { suggestion });
  });
}

function actionsOfHandlers({ code, handlers }: DomainModel): readonly Diagnostic[] {
  const seen = new Set<string>();
  return handlers.flatMap(({ handler }) => {
    const inCode = handler.unknown || seen.has(handler.name) ? undefined : code.handlers[handler.name];
    if (!inCode) return [];
    seen.add(handler.name);
    const rows = handlers.filter((other) => other.handler.name === handler.name).flatMap((other) => other.rows);
    const named = rows.flatMap(({ action }) => (action ? [action.name] : []));
    return unnamed(`action of ${handler.name}`, Object.keys(inCode.actions), named, handler.at);
  });
}

/** Every action that a transition or a state names. */
export const actionsOf = ({ reducer }: DomainModel): readonly string[] => [
  ...[...reducer.states.values()].flatMap(({ entryActions }) => entryActions.map(({ name }) => name)),
  ...reducer.transitions.flatMap(({ actions }) => actions.map(({ name }) => name)),
];

/** Every message type that some contract is about. */
function eventsOf({ consumed, published, handlers, orchestrator, reducer, effects, triggers }: DomainModel) {
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
