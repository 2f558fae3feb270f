import type { ContentProblem } from "./schema-issues.ts";
import { effectContradictions } from "./contradictions-effect.ts";
import { machineContradictions } from "./contradictions-machine.ts";
import { UncheckedNode } from "./unchecked-node.ts";

/**
 * Values that are right one by one and wrong together (RC010), and keys that another key asks for (RC006). Looks at
 * plain values, because it must still speak when the contract has other problems: what has the wrong type is passed
 * over.
 */
export function contractContradictions(data: unknown): readonly ContentProblem[] {
  const contract = new UncheckedNode(data);
  return [
    ...attemptContradictions(contract),
    ...contract.at("handler_routing").items("handlers").flatMap(handlerContradictions),
    ...machineContradictions(contract.at("state_machine")),
    ...effectContradictions(contract.at("handler_routing")),
    ...contract.items("invariants").flatMap(invariantContradictions),
  ];
}

function invariantContradictions(invariant: UncheckedNode): readonly ContentProblem[] {
  const [never, eventually] = [invariant.at("never"), invariant.at("eventually")];
  if (never.isPresent && eventually.isPresent)
    return [
      never.contradiction("an invariant has either never or eventually, not both", eventually, "the other", "key"),
    ];
  return never.isPresent || eventually.isPresent
    ? []
    : [invariant.missingKey("never", "a never or an eventually is missing")];
}

function attemptContradictions(contract: UncheckedNode): readonly ContentProblem[] {
  const id = contract.at("attempt").at("id");
  if (id.text() === undefined || id.text() !== contract.at("entity_id").text()) return [];
  return [
    id.contradiction("the entity and the attempt have the same id field", contract.at("entity_id"), "of the entity"),
  ];
}

function handlerContradictions(handler: UncheckedNode): readonly ContentProblem[] {
  if (!handler.has("event_model")) return [];
  const [action, matrix] = [handler.at("action"), handler.at("state_decision_matrix")];
  const both = action.isPresent && matrix.isPresent;
  const neither = !action.isPresent && !matrix.isPresent;
  return [
    ...(both
      ? [
          action.contradiction(
            "a handler has either an action or a state_decision_matrix, not both",
            matrix,
            "the matrix",
            "key",
          ),
        ]
      : []),
    ...(neither ? [handler.missingKey("action", "an action or a state_decision_matrix is missing")] : []),
    ...[handler, ...handler.items("state_decision_matrix")].flatMap(rowContradictions),
  ];
}

function rowContradictions(row: UncheckedNode): readonly ContentProblem[] {
  const [action, reason] = [row.at("action"), row.at("reason")];
  const problems: ContentProblem[] = [];
  if (action.text() === "no_op" && !reason.isPresent)
    problems.push(row.missingKey("reason", "a no_op says why: reason is missing"));
  if (action.text() !== "no_op" && reason.isPresent)
    problems.push(reason.contradiction("only a no_op has a reason", action, "the action", "key"));
  if (action.text() === "no_op" && row.items("output_events").length > 0)
    problems.push(row.at("output_events").contradiction("a no_op has no events", action, "the action", "key"));
  const states = row.items("current_state");
  const any = states.find((state) => state.text() === "*");
  if (any && states.length > 1)
    problems.push(
      any.contradiction(
        `"*" can't be listed with other states: it already covers all that are left`,
        row.at("current_state"),
        "the list",
      ),
    );
  return problems;
}
