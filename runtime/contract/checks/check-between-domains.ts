import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { TopicVariables } from "../language/topic-pattern.ts";
import type { DomainModel } from "../model/domain-model.ts";
import { checkForeignTopics } from "./check-foreign-topics.ts";
import { checkForeignGateways } from "./check-gateways.ts";

/**
 * What is right in each domain's contracts and wrong beside those of another one.
 * @param models all domains of one process
 * @param names what fills the topics' placeholders; those left out stay
 */
export function* checkBetweenDomains(
  model: DomainModel,
  models: readonly DomainModel[],
  names?: TopicVariables,
): Iterable<Diagnostic> {
  yield* checkForeignTopics(model, models, names);
  yield* checkForeignGateways(model, models);
}
