import type { ContractSet } from "../../../runtime/contract/reading/contract-source.ts";
import type { Domain } from "../../../runtime/core/domain.ts";
import type { TopicMessage } from "../../../runtime/contract/documents/topic-messages.ts";

export interface Parties {
  readonly publishedBy: string;
  readonly consumedBy: string;
}

/** Who writes a message to its topic and who reads it there, as far as the contracts tell. */
export function partiesOf({ direction, type }: TopicMessage, { orchestrator }: ContractSet, domain: Domain): Parties {
  const { handlers } = orchestrator.contract.handler_routing;
  if (direction === "sent") {
    const makers = handlers.filter(({ output_events }) => output_events?.includes(type));
    return {
      publishedBy:
        "Rollcall: " + `${listed(makers.map(({ handler, event_model }) => `${handler.name} on ${event_model.name}`))}`,
      consumedBy: domain.triggerOf.has(type)
        ? "whoever subscribes; the reducer takes it before it leaves"
        : "whoever subscribes",
    };
  }
  const takers = handlers.filter(({ event_model }) => event_model.name === type).map(({ handler }) => handler.name);
  const renewed = [...domain.orchestrator.states.values()].flatMap(({ name, deadline }) =>
    deadline?.renewedBy.has(type) ? [`it renews the deadline ${deadline.name} of ${name}`] : [],
  );
  return {
    publishedBy: "nodes and other programs: on the topic, or with POST /api/v1/events",
    consumedBy: `Rollcall: ${listed([...takers, ...renewed])}`,
  };
}

const listed = (names: readonly string[]): string => [...new Set(names)].join("; ");
