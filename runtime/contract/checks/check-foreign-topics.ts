import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { fillTopic, type TopicVariables } from "../language/topic-pattern.ts";
import type { DomainModel, TextRef } from "../model/domain-model.ts";
import { diagnosticAt } from "../reading/contract-source.ts";

/**
 * RC111: a domain reads what another one publishes only by the id that it is published by. A message with another id
 * lies in another partition, so the runtime would send a copy of it on, into a topic that belongs to its publisher, and
 * whoever reads the topic would get it twice.
 * @param publishers the domains of the same process; the domain itself may be among them, RC103 is about its own topics
 * @param names what fills the topics' placeholders; those left out stay
 */
export function* checkForeignTopics(
  model: DomainModel,
  publishers: readonly DomainModel[],
  names?: TopicVariables,
): Iterable<Diagnostic> {
  const topicOf = ({ text }: TextRef): string => (names ? fillTopic(text, names) : text);
  for (const consumed of model.consumed)
    for (const publisher of publishers) {
      const written = [...publisher.published, { name: "", topic: publisher.deadLetterTopic }];
      const there = written.flatMap(({ name, topic }) =>
        topic && topicOf(topic) === topicOf(consumed.topic) ? [{ name, topic }] : [],
      );
      const same = there.find(({ name }) => name === consumed.name);
      const problem = same ? keyProblem(consumed.name, model, publisher) : typeProblem(consumed.name, publisher);
      const at = (same ?? there[0])?.topic.at;
      if (at && problem) {
        const related = [{ at, message: `${publisher.set.domain} publishes here` }];
        yield diagnosticAt("RC111", consumed.at, problem.message, { related, remedy: problem.remedy });
      }
    }
}

interface Problem {
  readonly message: string;
  readonly remedy: string;
}

/** Each event of a publisher has its entity's id twice: by the name of its contract, and as `entity_id`. */
function keyProblem(type: string, model: DomainModel, publisher: DomainModel): Problem | undefined {
  const [own, published] = [model, publisher].map(({ entityIdField }) => entityIdField.text);
  const ids = [...new Set([published, "entity_id"])];
  if (ids.includes(own)) return undefined;
  return {
    message: `${publisher.set.domain} publishes ${type} by its ${published}, and entities here have ${own}`,
    remedy:
      `let entity_id be ${ids.join(" or ")} here, or let a program publish what it reads there to a topic of this ` +
      `domain's own, by ${own}`,
  };
}

const typeProblem = (type: string, { set }: DomainModel): Problem => ({
  message: `the topic belongs to ${set.domain}, which does not publish ${type} to it`,
  remedy: `consume ${type} from a topic to which no domain publishes, or one that ${set.domain} publishes`,
});
