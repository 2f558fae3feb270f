import type { Domain } from "../../core/domain.ts";
import type { DomainCode } from "../../core/domain-code.ts";
import { compileMachine } from "../../core/machine.ts";
import { compileEffects, compileIntents } from "./compile-effects.ts";
import { requireDurationMs, describeOrchestrator, describeReducer } from "./compile-machines.ts";
import { compileRoutes } from "./compile-routes.ts";
import { contentHash } from "../reading/content-hash.ts";
import type { OrchestratorContract, ReducerContract } from "../language/schema.ts";
import type { ContractSet } from "../reading/contract-source.ts";
import { fillTopic, type TopicVariables } from "../language/topic-pattern.ts";

const DEFAULT_MAX_CLOCK_SKEW = "5s";

/**
 * Makes the tables that `step()` and the shell look up from a domain's contracts and code.
 * @param set as `validateDomain` let it pass
 * @throws Error on a name that the code lacks: a programmer error, for the checks find it first
 */
export function compileDomain(set: ContractSet, code: DomainCode, topicVariables: TopicVariables): Domain {
  const [orchestrator, reducer] = [set.orchestrator.contract, set.reducer.contract];
  const effects = compileEffects(
    set.effects.map(({ contract }) => contract),
    code,
  );
  return {
    name: set.domain,
    contractHash: contentHash(set),
    entityIdField: orchestrator.entity_id,
    attempt: { idField: orchestrator.attempt.id, startedBy: orchestrator.attempt.started_by },
    maxClockSkewMs: requireDurationMs(orchestrator.max_clock_skew ?? DEFAULT_MAX_CLOCK_SKEW),
    consumed: orchestrator.consumed_events.map(({ topic, event_type, journal = true }) => ({
      topic: fillTopic(topic, topicVariables),
      type: event_type,
      message: requireMessage(code, event_type),
      journal,
    })),
    topicByEventType: new Map(
      orchestrator.published_events.map(({ topic, event_type }) => [event_type, fillTopic(topic, topicVariables)]),
    ),
    deadLetterTopic: fillTopic(orchestrator.dead_letter_topic, topicVariables),
    routes: compileRoutes(orchestrator, code),
    orchestrator: compileMachine(describeOrchestrator(orchestrator)),
    reducer: compileMachine(describeReducer(reducer)),
    triggerByMessageType: new Map(reducer.consumed_events.map(({ event_type, trigger }) => [event_type, trigger])),
    reducerCode: code.reducer,
    intents: compileIntents(reducer, effects),
    effects,
    reconciled: new Map(code.reconciled?.map((each) => [each.backend, each])),
    deadlineAfterMs: deadlineDurations(orchestrator),
    awaitsPublish: awaitedPublishes(orchestrator, reducer),
  };
}

function requireMessage(code: DomainCode, type: string) {
  const message = code.messages.find(({ messageType }) => messageType === type);
  if (!message) throw new Error(`no message is called ${type}: compile only what was checked`);
  return message;
}

const deadlineDurations = ({ state_machine }: OrchestratorContract): ReadonlyMap<string, number> =>
  new Map(
    state_machine.states.flatMap(({ deadline }) =>
      deadline ? [[deadline.name, requireDurationMs(deadline.after)]] : [],
    ),
  );

/** The events that any `published(...)` waits for, wherever an event type can stand. */
function awaitedPublishes(orchestrator: OrchestratorContract, reducer: ReducerContract): ReadonlySet<string> {
  const { states, transitions } = orchestrator.state_machine;
  const patterns = [
    ...transitions.map(({ trigger }) => trigger),
    ...orchestrator.handler_routing.handlers.map(({ event_model }) => event_model.name),
    ...states.flatMap(({ deadline }) => deadline?.renewed_by ?? []),
    ...reducer.consumed_events.map(({ event_type }) => event_type),
  ];
  return new Set(patterns.flatMap((pattern) => /^published\((.+)\)$/.exec(pattern)?.[1] ?? []));
}
