import type { TopicMessage } from "../../../runtime/contract/documents/topic-messages.ts";
import type { DomainModel } from "../../../runtime/contract/model/domain-model.ts";
import { outputsOf, statesWithDeadline } from "../../../runtime/contract/model/events.ts";

export interface MessageParties {
  readonly publishedBy: string;
  readonly consumedBy: string;
}

/** Who publishes and consumes a message, as far as the contracts name them. */
export function messagePartiesOf({ direction, type }: TopicMessage, model: DomainModel): MessageParties {
  const isIt = ({ name }: { readonly name: string }): boolean => name === type;
  if (direction === "sent") {
    const publishing = model.handlers.filter((each) => outputsOf(each).some(isIt));
    const names = publishing.map(({ handler, event }) => `${handler.name} on ${event.name}`);
    return {
      publishedBy: `Rollcall: ${joinDistinct(names)}`,
      consumedBy: model.triggers.some(({ event }) => isIt(event))
        ? "any subscriber; the reducer processes it before it is published"
        : "any subscriber",
    };
  }
  const handlers = model.handlers.filter(({ event }) => isIt(event)).map(({ handler }) => handler.name);
  const renewed = statesWithDeadline(model)
    .filter(({ deadline }) => deadline.renewedBy.some(isIt))
    .map(({ name, deadline }) => `it renews the deadline ${deadline.name} of ${name}`);
  return {
    publishedBy: "nodes and other programs: on the topic, or with POST /api/v1/events",
    consumedBy: `Rollcall: ${joinDistinct([...handlers, ...renewed])}`,
  };
}

const joinDistinct = (names: readonly string[]): string => [...new Set(names)].join("; ");
