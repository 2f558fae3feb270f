import type { ContentProblem } from "./schema-issues.ts";
import { effectContradictions } from "./contradictions-effect.ts";
import { machineContradictions } from "./contradictions-machine.ts";
import { Part } from "./unchecked-node.ts";

/**
 * Values that are right one by one and wrong together (RC010), and keys that another key asks for (RC006). Looks at
 * plain values, because it must still speak when the contract has other problems: what has the wrong type is passed
 * over.
 */
export function contradictions(data: unknown): readonly ContentProblem[] {
  const contract = new Part(data);
  return [
    ...attemptContradictions(contract),
    ...contract.at("handler_routing").items("handlers").flatMap(handlerContradictions),
    ...machineContradictions(contract.at("state_machine")),
    ...effectContradictions(contract.at("handler_routing")),
    ...contract.items("invariants").flatMap(invariantContradictions),
  ];
}

function invariantContradictions(invariant: Part): readonly ContentProblem[] {
  const [never, eventually] = [invariant.at("never"), invariant.at("eventually")];
  if (never.there && eventually.there)
    return [never.contradicts("an invariant says one thing", eventually, "the other", "key")];
  return never.there || eventually.there ? [] : [invariant.lacks("never", "a never or an eventually is missing")];
}

function attemptContradictions(contract: Part): readonly ContentProblem[] {
  const id = contract.at("attempt").at("id");
  if (id.text() === undefined || id.text() !== contract.at("entity_id").text()) return [];
  return [id.contradicts("the entity and the attempt have one id field", contract.at("entity_id"), "of the entity")];
}

function handlerContradictions(handler: Part): readonly ContentProblem[] {
  if (!handler.has("event_model")) return [];
  const [action, matrix] = [handler.at("action"), handler.at("state_decision_matrix")];
  const both = action.there && matrix.there;
  const neither = !action.there && !matrix.there;
  return [
    ...(both ? [action.contradicts("either one action or a matrix", matrix, "the matrix", "key")] : []),
    ...(neither ? [handler.lacks("action", "an action or a state_decision_matrix is missing")] : []),
    ...[handler, ...handler.items("state_decision_matrix")].flatMap(rowContradictions),
  ];
}

function rowContradictions(row: Part): readonly ContentProblem[] {
  const [action, reason] = [row.at("action"), row.at("reason")];
  const problems: ContentProblem[] = [];
  if (action.text() === "no_op" && !reason.there)
    problems.push(row.lacks("reason", "a no_op says why: reason is missing"));
  if (action.text() !== "no_op" && reason.there)
    problems.push(reason.contradicts("only a no_op has a reason", action, "the action", "key"));
  if (action.text() === "no_op" && row.items("output_events").length > 0)
    problems.push(row.at("output_events").contradicts("a no_op has no events", action, "the action", "key"));
  const states = row.items("current_state");
  const any = states.find((state) => state.text() === "*");
  if (any && states.length > 1)
    problems.push(any.contradicts('"*" stands alone: it is every state left', row.at("current_state"), "the list"));
  return problems;
}
