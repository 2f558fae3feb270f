import { effectContradictions } from "./contradictions-effect.ts";
import { machineContradictions } from "./contradictions-machine.ts";
import type { ContentProblem } from "./schema-issues.ts";
import { UncheckedNode } from "./unchecked-node.ts";

/**
 * Values that are right one by one and wrong together (RC010), and keys that another key asks for (RC006). Looks at
 * plain values, because it must still report when the contract has other problems: what has the wrong type is passed
 * over.
 */
export function* contractContradictions(data: unknown): Iterable<ContentProblem> {
  const contract = new UncheckedNode(data);
  const [entityId, attemptId] = [contract.at("entity_id"), contract.at("attempt").at("id")];
  if (attemptId.text() !== undefined && attemptId.text() === entityId.text())
    yield attemptId.contradiction("the entity and the attempt have the same id field", entityId, "of the entity");
  const routing = contract.at("handler_routing");
  for (const handler of routing.items("handlers")) yield* handlerContradictions(handler);
  yield* machineContradictions(contract.at("state_machine"));
  yield* effectContradictions(routing);
  for (const invariant of contract.items("invariants")) yield* invariantContradictions(invariant);
}

function* invariantContradictions(invariant: UncheckedNode): Iterable<ContentProblem> {
  const [never, eventually] = [invariant.at("never"), invariant.at("eventually")];
  if (never.isPresent && eventually.isPresent)
    yield never.contradiction("an invariant has either never or eventually, not both", eventually, "the other", "key");
  if (!never.isPresent && !eventually.isPresent)
    yield invariant.missingKey("never", "a never or an eventually is missing");
}

function* handlerContradictions(handler: UncheckedNode): Iterable<ContentProblem> {
  if (!handler.at("event_model").isPresent) return;
  const [action, matrix] = [handler.at("action"), handler.at("state_decision_matrix")];
  if (action.isPresent && matrix.isPresent) {
    const message = "a handler has either an action or a state_decision_matrix, not both";
    yield action.contradiction(message, matrix, "the matrix", "key");
  }
  if (!action.isPresent && !matrix.isPresent)
    yield handler.missingKey("action", "an action or a state_decision_matrix is missing");
  for (const row of [handler, ...handler.items("state_decision_matrix")]) yield* rowContradictions(row);
}

function* rowContradictions(row: UncheckedNode): Iterable<ContentProblem> {
  const [action, reason, outputs] = [row.at("action"), row.at("reason"), row.at("output_events")];
  const isNoOp = action.text() === "no_op";
  if (isNoOp && !reason.isPresent) yield row.missingKey("reason", "a no_op says why: reason is missing");
  if (!isNoOp && reason.isPresent) yield reason.contradiction("only a no_op has a reason", action, "the action", "key");
  if (isNoOp && row.items("output_events").length > 0)
    yield outputs.contradiction("a no_op has no events", action, "the action", "key");
  const states = row.items("current_state");
  const any = states.find((state) => state.text() === "*");
  if (any && states.length > 1) {
    const message = `"*" can't be listed with other states: it already covers all that are left`;
    yield any.contradiction(message, row.at("current_state"), "the list");
  }
}
