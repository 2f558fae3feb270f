import type { DomainCode } from "../../core/domain.ts";
import type { OrchestratorContract, ReducerContract } from "../language/schema.ts";
import type { ContractSet, LoadedContract } from "../reading/contract-source.ts";
import { childRef, sourceRef, type SourceRef } from "../reading/source-ref.ts";
import type { DomainModel, EmissionModel, TopicEvent } from "./domain-model.ts";
import { type NameLookup, NameResolver } from "./name-resolver.ts";
import { readEffects, readEmissions } from "./read-effects.ts";
import { createEventReader, type EventReader } from "./read-events.ts";
import { readHandlers } from "./read-handlers.ts";
import { readInvariants } from "./read-invariants.ts";
import { readOrchestratorMachine, readReducerMachine, stateLookup } from "./read-machine.ts";
import { firstByKey, itself } from "./first-by-key.ts";

const DEFAULT_MAX_CLOCK_SKEW = "5s";

/**
 * Reads a domain's contracts: the one reading that checks, compiler, exploration, graphs and explanations are made
 * from. Total: contracts with errors have a model too, and what no name stands for is among its `problems`.
 */
export function buildDomainModel(set: ContractSet, code: DomainCode): DomainModel {
  const { orchestrator, reducer } = set;
  const names = new NameResolver();
  const intent: NameLookup = { kind: "intent", candidates: code.intents.map(typeOfIntent), where: "in code" };
  const emissions = readEmissions(reducer, code, names, intent);
  const event = createEventReader(names, {
    messages: code.messages.map(({ messageType }) => messageType),
    intent,
    deadlines: deadlinePlaces(orchestrator),
    emitted: new Map(emissions.map(({ intent: { written, at } }) => [written, at])),
  });
  const triggers = readTriggers(reducer, event);
  const states = { orchestrator: stateLookup(orchestrator), reducer: stateLookup(reducer) };
  return {
    set,
    code,
    messages: firstByKey(code.messages, ({ messageType }) => messageType, itself),
    intents: firstByKey(code.intents, typeOfIntent, itself),
    contractNames: [orchestrator, reducer, ...set.effects].map((source) => ({
      ...{ text: source.contract.name, at: sourceRef(source, "name") },
    })),
    ...readTopics(orchestrator, event),
    handlers: readHandlers(orchestrator, { names, event, code, states: states.orchestrator }),
    orchestrator: readOrchestratorMachine(orchestrator, names, states.orchestrator, event),
    reducer: readReducerMachine(reducer, names, event, {
      state: states.reducer,
      action: actionLookup(emissions, code),
      trigger: triggerLookup(triggers),
    }),
    triggers,
    emissions,
    effects: set.effects.flatMap((source) => readEffects(source, { code, names, intent, event })),
    invariants: [
      ...readInvariants(orchestrator, "orchestrator", names, states.orchestrator),
      ...readInvariants(reducer, "reducer", names, states.reducer),
    ],
    // The last key: by now every name was looked up.
    problems: names.problems,
  };
}

const typeOfIntent = ({ intentType }: DomainCode["intents"][number]): string => intentType;

const deadlinePlaces = (source: LoadedContract<OrchestratorContract>): ReadonlyMap<string, SourceRef> =>
  new Map(
    source.contract.state_machine.states.flatMap(({ deadline }, index) => {
      const at = sourceRef(source, "state_machine", "states", index, "deadline", "name");
      return deadline ? [[deadline.name, at] as const] : [];
    }),
  );

function readTopics(source: LoadedContract<OrchestratorContract>, event: EventReader) {
  const { entity_id, attempt, max_clock_skew, consumed_events, published_events, dead_letter_topic } = source.contract;
  const readEvents = (
    key: string,
    rows: readonly { event_type: string; topic: string; journal?: boolean | undefined }[],
  ) =>
    rows.map(({ event_type, topic, journal = true }, index): TopicEvent => {
      const at = sourceRef(source, key, index);
      const topicRef = { text: topic, at: childRef(at, "topic") };
      return { ...event(event_type, childRef(at, "event_type")), topic: topicRef, journal };
    });
  return {
    entityIdField: { text: entity_id, at: sourceRef(source, "entity_id") },
    attemptIdField: attempt.id,
    startedBy: event(attempt.started_by, sourceRef(source, "attempt", "started_by")),
    maxClockSkew: max_clock_skew ?? DEFAULT_MAX_CLOCK_SKEW,
    consumed: readEvents("consumed_events", consumed_events),
    published: readEvents("published_events", published_events),
    deadLetterTopic: { text: dead_letter_topic, at: sourceRef(source, "dead_letter_topic") },
  };
}

const readTriggers = (source: LoadedContract<ReducerContract>, event: EventReader): DomainModel["triggers"] =>
  source.contract.consumed_events.map(({ event_type, trigger }, index) => {
    const at = sourceRef(source, "consumed_events", index);
    const name = { name: trigger, written: trigger, at: childRef(at, "trigger"), unknown: false };
    return { event: event(event_type, childRef(at, "event_type")), trigger: name };
  });

const triggerLookup = (triggers: DomainModel["triggers"]): NameLookup => ({
  kind: "trigger",
  candidates: triggers.map(({ trigger }) => trigger.name),
  where: "in consumed_events: nothing produces it",
  code: "RC205",
  declaredAt: (name) => triggers.find(({ trigger }) => trigger.name === name)?.trigger.at,
});

function actionLookup(emissions: readonly EmissionModel[], code: DomainCode): NameLookup {
  const emitted = new Map(emissions.map(({ action }) => [action.name, action.at]));
  return {
    kind: "action",
    candidates: [...emitted.keys(), ...Object.keys(code.reducer.updates)],
    where: "under intent_emission or among the reducer's updates in code",
    declaredAt: (name) => emitted.get(name),
  };
}
