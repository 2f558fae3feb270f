import { CONDITIONS_MAX } from "../../core/machine.ts";
import type { UncheckedNode } from "./unchecked-node.ts";
import type { ContentProblem } from "./schema-issues.ts";

export function machineContradictions(machine: UncheckedNode): readonly ContentProblem[] {
  return [...machine.items("states").flatMap(stateContradictions), ...tooManyConditions(machine)];
}

function stateContradictions(state: UncheckedNode): readonly ContentProblem[] {
  const [transient, deadline] = [state.at("is_transient"), state.at("deadline")];
  const problems: ContentProblem[] = [];
  if (transient.isTrue() && state.at("is_terminal").isTrue())
    problems.push(
      transient.contradiction(
        "a state is either transient or terminal, not both",
        state.at("is_terminal"),
        "declared terminal here",
        "key",
      ),
    );
  if (transient.isTrue() && deadline.isPresent)
    problems.push(deadline.contradiction("a transient state can't have a deadline", transient, "transient", "key"));
  if (!deadline.isPresent) return problems;
  const [renewedBy, renewedFor, guard] = [
    deadline.at("renewed_by"),
    deadline.at("renewed_for"),
    deadline.at("expiry_guard"),
  ];
  if (renewedBy.isPresent && !renewedFor.isPresent) problems.push(deadline.missingKey("renewed_for"));
  if (renewedFor.isPresent && !renewedBy.isPresent) problems.push(deadline.missingKey("renewed_by"));
  if (guard.isPresent && !renewedBy.isPresent && !renewedFor.isPresent)
    problems.push(
      guard.contradiction("an expiry_guard measures by renewed_for, which is not given", deadline, "here", "key"),
    );
  return problems;
}

/** Each condition doubles the machine's table for its (state, trigger). */
function tooManyConditions(machine: UncheckedNode): readonly ContentProblem[] {
  const expressionsByKey = new Map<string, Set<string>>();
  return machine.items("transitions").flatMap((transition) => {
    const trigger = transition.at("trigger").text();
    const expressions = transition.items("conditions").flatMap((each) => each.at("expression").text() ?? []);
    const crowdedState = transition
      .at("from_state")
      .texts()
      .find((state) => {
        const key = `${state} ${trigger}`;
        const before = expressionsByKey.get(key)?.size ?? 0;
        const all = new Set([...(expressionsByKey.get(key) ?? []), ...expressions]);
        expressionsByKey.set(key, all);
        return before <= CONDITIONS_MAX && all.size > CONDITIONS_MAX;
      });
    if (crowdedState === undefined) return [];
    const message = `more than ${CONDITIONS_MAX} different conditions for ${trigger} in ${crowdedState}`;
    return [{ code: "RC010", message, path: transition.at("conditions").path, part: "key" as const }];
  });
}
