import { CONDITIONS_MAX } from "../../core/machine.ts";
import type { Part } from "./unchecked-node.ts";
import type { ContentProblem } from "./schema-issues.ts";

export function machineContradictions(machine: Part): readonly ContentProblem[] {
  return [...machine.items("states").flatMap(stateContradictions), ...tooManyConditions(machine)];
}

function stateContradictions(state: Part): readonly ContentProblem[] {
  const [transient, deadline] = [state.at("is_transient"), state.at("deadline")];
  const problems: ContentProblem[] = [];
  if (transient.isTrue() && state.at("is_terminal").isTrue())
    problems.push(
      transient.contradicts("passed through, or at rest for good", state.at("is_terminal"), "at rest", "key"),
    );
  if (transient.isTrue() && deadline.there)
    problems.push(
      deadline.contradicts("nothing waits in a state that is passed through", transient, "transient", "key"),
    );
  if (!deadline.there) return problems;
  const [renewedBy, renewedFor, guard] = [
    deadline.at("renewed_by"),
    deadline.at("renewed_for"),
    deadline.at("expiry_guard"),
  ];
  if (renewedBy.there && !renewedFor.there) problems.push(deadline.lacks("renewed_for"));
  if (renewedFor.there && !renewedBy.there) problems.push(deadline.lacks("renewed_by"));
  if (guard.there && !renewedBy.there && !renewedFor.there)
    problems.push(
      guard.contradicts("an expiry_guard measures by renewed_for, which is not given", deadline, "here", "key"),
    );
  return problems;
}

/** Each condition doubles the machine's table for its (state, trigger). */
function tooManyConditions(machine: Part): readonly ContentProblem[] {
  const different = new Map<string, Set<string>>();
  return machine.items("transitions").flatMap((transition) => {
    const trigger = transition.at("trigger").text();
    const expressions = transition.items("conditions").flatMap((each) => each.at("expression").text() ?? []);
    const over = transition
      .at("from_state")
      .texts()
      .find((state) => {
        const key = `${state} ${trigger}`;
        const before = different.get(key)?.size ?? 0;
        const all = new Set([...(different.get(key) ?? []), ...expressions]);
        different.set(key, all);
        return before <= CONDITIONS_MAX && all.size > CONDITIONS_MAX;
      });
    if (over === undefined) return [];
    const message = `more than ${CONDITIONS_MAX} different conditions for ${trigger} in ${over}`;
    return [{ code: "RC010", message, path: transition.at("conditions").path, part: "key" as const }];
  });
}
