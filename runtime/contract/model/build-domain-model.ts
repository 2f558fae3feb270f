import type { DomainCode } from "../../core/domain-code.ts";
import { EFFECT_DEFAULTS } from "../language/schema-effect.ts";
import type { EffectContract } from "../language/schema.ts";
import type { ContractSet, LoadedContract } from "../reading/contract-source.ts";
import { fittingEffect } from "../checks/check-code-fit.ts";
import type { DomainModel, EffectModel } from "./domain-model.ts";
import type { NameLookup, NameResolver } from "./name-resolver.ts";
import { createEventReader, type EventReader } from "./read-events.ts";
import { readInvariants } from "./read-invariants.ts";
import { readHandlers } from "./read-handlers.ts";
import { readOrchestratorMachine, readReducerMachine } from "./read-machine.ts";
import { sourceRef, childRef } from "../reading/source-ref.ts";

/** Reads a domain's contracts for its checks; what no name stands for is reported to `names`. */
export function buildDomainModel(set: ContractSet, code: DomainCode, names: NameResolver): DomainModel {
  const { orchestrator, reducer } = set;
  const event = createEventReader(set, code, names);
  const emissions = readEmissions(set, code, names);
  const triggers = reducer.contract.consumed_events.map(({ event_type, trigger }, index) => ({
    event: event(event_type, sourceRef(reducer, "consumed_events", index, "event_type")),
    trigger: { name: trigger, at: sourceRef(reducer, "consumed_events", index, "trigger"), unknown: false },
  }));
  const trigger: NameLookup = {
    kind: "trigger",
    candidates: triggers.map((each) => each.trigger.name),
    where: "in consumed_events: nothing produces it",
    code: "RC205",
    declaredAt: (name) => triggers.find((each) => each.trigger.name === name)?.trigger.at,
  };
  const updates = Object.keys(code.reducer.updates);
  const emitted = new Map(emissions.map(({ action }) => [action.name, action.at]));
  const action: NameLookup = {
    kind: "action",
    candidates: [...emitted.keys(), ...updates],
    where: "under intent_emission or among the reducer's updates in code",
    declaredAt: (name) => emitted.get(name),
  };
  return {
    set,
    code,
    startedBy: event(orchestrator.contract.attempt.started_by, sourceRef(orchestrator, "attempt", "started_by")),
    consumed: orchestrator.contract.consumed_events.map(({ event_type }, index) =>
      event(event_type, sourceRef(orchestrator, "consumed_events", index, "event_type")),
    ),
    published: orchestrator.contract.published_events.map(({ event_type }, index) =>
      event(event_type, sourceRef(orchestrator, "published_events", index, "event_type")),
    ),
    handlers: readHandlers(orchestrator, code, names, event),
    orchestrator: readOrchestratorMachine(orchestrator, names, event),
    reducer: readReducerMachine(reducer, names, event, { action, trigger }),
    triggers,
    emissions,
    effects: set.effects.flatMap((source) => readEffects(source, code, names, event)),
    invariants: [...readInvariants(orchestrator, "orchestrator", names), ...readInvariants(reducer, "reducer", names)],
  };
}

function readEmissions({ reducer }: ContractSet, code: DomainCode, names: NameResolver): DomainModel["emissions"] {
  const builders = Object.keys(code.reducer.builders);
  const intents = code.intents.map(({ intentType }) => intentType);
  return (reducer.contract.intent_emission?.intents ?? []).map(({ action_name, intent_type }, index) => {
    const at = sourceRef(reducer, "intent_emission", "intents", index);
    const action = { kind: "intent builder", candidates: builders, where: "in the reducer's code" };
    const intent = { kind: "intent", candidates: intents, where: "in code" };
    return {
      at,
      action: names.resolve(action_name, childRef(at, "action_name"), action),
      intent: names.resolve(intent_type, childRef(at, "intent_type"), intent),
    };
  });
}

function readEffects(
  source: LoadedContract<EffectContract>,
  code: DomainCode,
  names: NameResolver,
  event: EventReader,
): readonly EffectModel[] {
  const { defaults, handlers } = source.contract.handler_routing;
  const intents = code.intents.map(({ intentType }) => intentType);
  const intent: NameLookup = { kind: "intent", candidates: intents, where: "in code" };
  const effect: NameLookup = { kind: "effect", candidates: Object.keys(code.effects), where: "in code" };
  return handlers.map((row, index): EffectModel => {
    const at = sourceRef(source, "handler_routing", "handlers", index);
    const own = row.retry_policy;
    const shared = defaults?.retry_policy;
    const retries = own?.max_retries ?? shared?.max_retries ?? EFFECT_DEFAULTS.retry_policy.max_retries;
    const codes = own?.retry_on ?? shared?.retry_on;
    const codesAt = own?.retry_on
      ? childRef(at, "retry_policy", "retry_on")
      : sourceRef(source, "handler_routing", "defaults", "retry_policy", "retry_on");
    const taken = names.resolve(row.intent_type, childRef(at, "intent_type"), intent);
    const written = names.resolve(row.handler.name, childRef(at, "handler", "name"), effect);
    return {
      at,
      intent: taken,
      written,
      effect: fittingEffect(code, taken, written),
      outputs: (row.output_events ?? []).map((text, i) => event(text, childRef(at, "output_events", i))),
      mayFail: retries !== "unlimited",
      ...(codes
        ? {
            retryOn: {
              codes: codes.map((each, i) => ({ code: each, at: childRef(codesAt, i) })),
              own: own?.retry_on !== undefined,
            },
          }
        : {}),
      ...(row.compensated_by === undefined
        ? {}
        : {
            compensatedBy: names.resolve(row.compensated_by, childRef(at, "compensated_by"), {
              ...intent,
              except: row.intent_type,
            }),
          }),
    };
  });
}
