import type { Domain } from "../../core/domain.ts";
import { compileMachine } from "../../core/machine.ts";
import { parseEventPattern } from "../language/event-pattern.ts";
import { fillTopic, type TopicVariables } from "../language/topic-pattern.ts";
import type { DomainModel, TopicEvent } from "../model/domain-model.ts";
import { awaitedPublishes, statesWithDeadline } from "../model/events.ts";
import { firstByKey } from "../model/first-by-key.ts";
import { contentHash } from "../reading/content-hash.ts";
import { compileEffects, compileIntents } from "./compile-effects.ts";
import { compileRoutes } from "./compile-routes.ts";
import { describeMachine } from "./describe-machine.ts";
import { requireDurationMs, requireKnown } from "./require.ts";

/**
 * Makes the tables that `step()` and the shell look up from a domain's contracts and code.
 * @param model as `validateDomain` let it pass. Names are taken as written, never as the checks would correct them
 * @throws Error on a name that the code lacks
 */
export function compileDomain(model: DomainModel, variables: TopicVariables): Domain {
  const { set, code, published, triggers, startedBy } = model;
  const topicOf = ({ topic }: TopicEvent): string => fillTopic(topic.text, variables);
  const effects = compileEffects(model);
  return {
    name: set.domain,
    contractHash: contentHash(set),
    entityIdField: model.entityIdField.text,
    attempt: { idField: model.attemptIdField, startedBy: startedBy.written },
    maxClockSkewMs: requireDurationMs(model.maxClockSkew),
    consumed: model.consumed.map((event) => {
      const { written: type, journal } = event;
      return {
        topic: topicOf(event),
        type,
        message: requireKnown(model.messages.get(type), `message is called ${type}`),
        journal,
      };
    }),
    topicByEventType: firstByKey(published, ({ written }) => written, topicOf),
    deadLetterTopic: fillTopic(model.deadLetterTopic.text, variables),
    routes: compileRoutes(model),
    orchestrator: compileMachine(describeMachine(model.orchestrator)),
    reducer: compileMachine(describeMachine(model.reducer)),
    triggerByMessageType: firstByKey(
      triggers,
      ({ event }) => event.written,
      ({ trigger }) => trigger.written,
    ),
    reducerCode: code.reducer,
    intents: compileIntents(model, effects),
    effects,
    reconciled: new Map(code.reconciled?.map((each) => [each.backend, each])),
    deadlineAfterMs: firstByKey(
      statesWithDeadline(model),
      ({ deadline }) => deadline.name,
      ({ deadline }) => requireDurationMs(deadline.after),
    ),
    awaitsPublish: new Set(awaitedPublishes(model).map(({ written }) => parseEventPattern(written).subject)),
  };
}
