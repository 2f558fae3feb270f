import type { DomainCode } from "../../core/domain.ts";
import { joinWithAnd } from "../diagnostics/diagnostic.ts";
import { DEFAULT_ATTEMPT_ID, type OrchestratorContract, type ReducerContract } from "../language/schema.ts";
import { NO_TOPIC } from "../language/schema-parts.ts";
import { defaultTopic } from "../language/topic-pattern.ts";
import { allSourcesOf } from "../reading/contract-set.ts";
import { childRef, type ContractSet, keyRef, type LoadedContract, sourceRef } from "../reading/contract-source.ts";
import { defaultReducer, withDefaultCode } from "./default-code.ts";
import { firstByKey } from "./first-by-key.ts";
import { carriedOut } from "./left-out.ts";
import type { EventRef, InvariantModel, MachineModel, NameRef, RefusalModel } from "./model-parts.ts";
import {
  createEventReader,
  type EventReader,
  expressionRef,
  knownName,
  type NameLookup,
  NameResolver,
} from "./name-resolver.ts";
import { type EmissionModel, readEffects, readEmissions, readVariable } from "./read-effects.ts";
import { readGateways } from "./read-gateways.ts";
import { readHandlers } from "./read-handlers.ts";
import { readMachine, stateLookup } from "./read-machine.ts";
import { readProjections } from "./read-projections.ts";

export type {
  EventRef,
  ExpressionRef,
  HandlerModel,
  InvariantModel,
  MachineModel,
  NameRef,
  OutputRef,
  RefusalModel,
  RowModel,
  StateModel,
  TextRef,
  TransitionModel,
} from "./model-parts.ts";
export type { EffectModel } from "./read-effects.ts";
export type { ProjectionModel } from "./read-projections.ts";
export type { CallModel, GatewayModel, ReplyModel } from "./read-gateways.ts";

const DEFAULT_LIFECYCLE = "attempts";
const DEFAULT_MAX_CLOCK_SKEW = "5s";

/** A domain's contracts, read once: names resolved, lists flat, defaults merged, every part with its place. */
export type DomainModel = Readonly<ReturnType<typeof buildDomainModel>>;

/**
 * Reads a domain's contracts: the one reading that checks, compiler, exploration, graphs and explanations are made
 * from. Total: contracts with errors have a model too, and what no name stands for is among its `problems`.
 */
export function buildDomainModel(set: ContractSet, givenCode: DomainCode) {
  const { orchestrator, reducer = defaultReducer(orchestrator, givenCode) } = set;
  const code = withDefaultCode(set, givenCode);
  const names = new NameResolver();
  const intent = lookupInCode("intent", code.intents, "intentType");
  const emissions = readEmissions(reducer, code, names, intent);
  const emitted = new Map(emissions.map((emission) => [emission.intent.written, emission.intent.at]));
  const message = lookupInCode("message", code.messages, "messageType");
  const deadline = deadlineLookup(orchestrator);
  const event = createEventReader(names, {
    ...{ event: message, published: message, deadline },
    failed: { ...intent, declaredAt: (name) => emitted.get(name) },
  });
  const triggers = readTriggers(reducer, event);
  const trigger = triggerLookup(triggers);
  const states = { orchestrator: stateLookup(orchestrator), reducer: stateLookup(reducer) };
  const refusals = readRefusals(orchestrator);
  const context = {
    ...{ code, names, intent, event, action: actionLookup(emissions, code), refusal: refusalLookup(refusals) },
  };
  const lookups = { names, event, deadline };
  const topics = readTopics(orchestrator, event);
  const handlers = readHandlers(orchestrator, context, states.orchestrator);
  const machine = readMachine(orchestrator, context, states.orchestrator, event);
  const asking = {
    reducer: readMachine(reducer, context, states.reducer, (text, at) => names.resolve(text, at, trigger)),
    emissions,
    onPurge: readOnPurge(reducer, names, emissions),
    effects: set.effects.flatMap((source) => readEffects(source, context)),
  };
  return {
    set,
    /** With the code of what the contracts leave out. */
    code,
    messages: firstByKey(code.messages.map((each) => [each.messageType, each])),
    intents: firstByKey(code.intents.map((each) => [each.intentType, each])),
    contractNames: allSourcesOf(set).map(nameOf),
    ...topics,
    lifecycle: orchestrator.contract.lifecycle ?? DEFAULT_LIFECYCLE,
    /** Of a document: an event that leads from null. */
    startedBy: topics.startedBy ?? firstTrigger(machine),
    refusals,
    handlers,
    /** Its triggers are events; those of `reducer` are names of its own. */
    orchestrator: machine,
    /** The reducer's `consumed_events`. */
    triggers,
    ...(set.leftOut.length === 0 ? asking : carriedOut(asking)),
    /** What effects go by, once for each contract that says so. */
    variables: set.effects.flatMap((source) => readVariable(source, code, names)),
    projections: set.computes.flatMap((source) => readProjections(source, code, lookups)),
    gateways: readGateways(set.gateways, code, names),
    invariants: [
      ...readInvariants(orchestrator, "orchestrator", names, states.orchestrator),
      ...readInvariants(reducer, "reducer", names, states.reducer),
    ],
    /** Names that nothing in the contracts or the code has. The last key: by now every name was looked up. */
    problems: names.problems,
  };
}

const nameOf = (source: LoadedContract) => ({ text: source.contract.name, at: sourceRef(source, "name") });

const lookupInCode = <Name extends string>(
  kind: string,
  all: readonly Readonly<Record<Name, string>>[],
  name: Name,
): NameLookup => ({ kind, candidates: all.map((each) => each[name]), where: "in code" });

function deadlineLookup(source: LoadedContract<OrchestratorContract>): NameLookup {
  const places = new Map(
    source.contract.state_machine.states.flatMap(({ deadline }, index) => {
      const at = sourceRef(source, "state_machine", "states", index, "deadline", "name");
      return deadline ? [[deadline.name, at] as const] : [];
    }),
  );
  return {
    ...{ kind: "deadline", candidates: [...places.keys()], where: "in the orchestrator's states", code: "RC110" },
    declaredAt: (name) => places.get(name),
  };
}

function readTopics(source: LoadedContract<OrchestratorContract>, event: EventReader) {
  const { domain, entity_id, attempt = {}, dead_letter_topic: deadLetterTopic, ...contract } = source.contract;
  const { id: attemptIdField = DEFAULT_ATTEMPT_ID, started_by } = attempt;
  return {
    entityIdField: { text: entity_id, at: sourceRef(source, "entity_id") },
    attemptIdField,
    /** Undefined: the event that leads from null. */
    startedBy: started_by === undefined ? undefined : event(started_by, sourceRef(source, "attempt", "started_by")),
    maxClockSkew: contract.max_clock_skew ?? DEFAULT_MAX_CLOCK_SKEW,
    consumed: contract.consumed_events.map(({ event_type, topic, journal = true, other_types, from_bus }, index) => {
      const at = sourceRef(source, "consumed_events", index);
      return {
        ...event(event_type, childRef(at, "event_type")),
        /** The pattern, with its placeholders. */
        topic: { text: topic ?? defaultTopic(domain, journal ? "command" : "beat"), at: childRef(at, "topic") },
        /** False: its no-ops and renewals are counted instead of journaled. */
        journal,
        skipsOtherTypes: other_types === "skip",
        /** Taken without a door, whatever reads it. */
        isTrusted: from_bus === "trusted",
      };
    }),
    published: contract.published_events.map(({ event_type, topic = defaultTopic(domain, "event") }, index) => {
      const at = sourceRef(source, "published_events", index);
      return {
        ...event(event_type, childRef(at, "event_type")),
        /** The pattern, with its placeholders; undefined: it is not written to the bus. */
        topic: topic === NO_TOPIC ? undefined : { text: topic, at: childRef(at, "topic") },
      };
    }),
    deadLetterTopic: {
      text: deadLetterTopic ?? defaultTopic(domain, "deadLetter"),
      at: sourceRef(source, "dead_letter_topic"),
    },
  };
}

/** The event that leads from null; where several do, the contract has to say which opens an attempt (RC006). */
function firstTrigger({ initial, initialAt, transitions }: MachineModel<EventRef>): EventRef {
  const first = transitions.find(({ from }) => from.name === initial)?.trigger;
  return first ?? { ...knownName("", initialAt), kind: "event", subject: "", unknown: true };
}

const readTriggers = (source: LoadedContract<ReducerContract>, event: EventReader) =>
  source.contract.consumed_events.map(({ event_type, trigger }, index) => {
    const at = sourceRef(source, "consumed_events", index);
    return {
      event: event(event_type, childRef(at, "event_type")),
      trigger: knownName(trigger, childRef(at, "trigger")),
    };
  });

const triggerLookup = (triggers: ReturnType<typeof readTriggers>): NameLookup => ({
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

const readRefusals = (source: LoadedContract<OrchestratorContract>): readonly RefusalModel[] =>
  Object.entries(source.contract.refusals ?? {}).map(([code, refusal]) => {
    return { code, ...refusal, at: keyRef(source, "refusals", code) };
  });

const refusalLookup = (refusals: readonly RefusalModel[]): NameLookup => ({
  kind: "refusal",
  candidates: refusals.map(({ code }) => code),
  where: "under refusals",
  declaredAt: (code) => refusals.find((each) => each.code === code)?.at,
});

function readOnPurge(
  reducer: LoadedContract<ReducerContract>,
  names: NameResolver,
  emissions: readonly EmissionModel[],
): readonly NameRef[] {
  const lookup: NameLookup = {
    kind: "action",
    candidates: emissions.map(({ action }) => action.name),
    where: "under intent_emission",
    declaredAt: (name) => emissions.find(({ action }) => action.name === name)?.action.at,
  };
  const actions = reducer.contract.on_purge ?? [];
  return actions.map((action, index) => names.resolve(action, sourceRef(reducer, "on_purge", index), lookup));
}

/** What a contract states of itself. @param states those of its own machine */
function readInvariants(
  source: LoadedContract<OrchestratorContract> | LoadedContract<ReducerContract>,
  machine: InvariantModel["machine"],
  names: NameResolver,
  states: NameLookup,
): readonly InvariantModel[] {
  return (source.contract.invariants ?? []).map(({ name, never, eventually = [] }, index) => {
    const at = sourceRef(source, "invariants", index);
    if (never !== undefined) {
      const expression = expressionRef(never, childRef(at, "never"));
      return { at: expression.at, machine, name: name ?? `never: ${never}`, never: expression };
    }
    const listAt = childRef(at, "eventually");
    const goals = eventually.map((state, i) => names.resolve(state, childRef(listAt, i), states));
    return { at: listAt, machine, name: name ?? `eventually: ${joinWithAnd(eventually)}`, eventually: goals };
  });
}
