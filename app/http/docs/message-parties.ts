import type { ContractSet } from "../../../runtime/contract/reading/contract-source.ts";
import type { Domain } from "../../../runtime/core/domain.ts";
import type { TopicMessage } from "../../../runtime/contract/documents/topic-messages.ts";

export interface MessageParties {
  readonly publishedBy: string;
  readonly consumedBy: string;
}

/** Who publishes and consumes a message, as far as the contracts name them. */
export function messagePartiesOf(
  { direction, type }: TopicMessage,
  { orchestrator }: ContractSet,
  domain: Domain,
): MessageParties {
  const { handlers } = orchestrator.contract.handler_routing;
  if (direction === "sent") {
    const publishers = handlers
      .filter(({ output_events }) => output_events?.includes(type))
      .map(({ handler, event_model }) => `${handler.name} on ${event_model.name}`);
    return {
      publishedBy: `Rollcall: ${joinDistinct(publishers)}`,
      consumedBy: domain.triggerByMessageType.has(type)
        ? "any subscriber; the reducer processes it before it is published"
        : "any subscriber",
    };
  }
  const consumingHandlers = handlers
    .filter(({ event_model }) => event_model.name === type)
    .map(({ handler }) => handler.name);
  const renewed = [...domain.orchestrator.states.values()].flatMap(({ name, deadline }) =>
    deadline?.renewedBy.has(type) ? [`it renews the deadline ${deadline.name} of ${name}`] : [],
  );
  return {
    publishedBy: "nodes and other programs: on the topic, or with POST /api/v1/events",
    consumedBy: `Rollcall: ${joinDistinct([...consumingHandlers, ...renewed])}`,
  };
}

const joinDistinct = (names: readonly string[]): string => [...new Set(names)].join("; ");
