import { CONDITIONS_MAX } from "../../core/machine.ts";
import type { ContentProblem } from "./schema-issues.ts";
import type { UncheckedNode } from "./unchecked-node.ts";

export function* machineContradictions(machine: UncheckedNode): Iterable<ContentProblem> {
  for (const state of machine.items("states")) yield* stateContradictions(state);
  yield* tooManyConditions(machine);
}

function* stateContradictions(state: UncheckedNode): Iterable<ContentProblem> {
  const [transient, terminal, deadline] = [state.at("is_transient"), state.at("is_terminal"), state.at("deadline")];
  if (transient.isTrue() && terminal.isTrue()) {
    const message = "a state is either transient or terminal, not both";
    yield transient.contradiction(message, terminal, "declared terminal here", "key");
  }
  if (transient.isTrue() && deadline.isPresent)
    yield deadline.contradiction("a transient state can't have a deadline", transient, "transient", "key");
  const [renewedBy, renewedFor] = [deadline.at("renewed_by"), deadline.at("renewed_for")];
  const guard = deadline.at("expiry_guard");
  if (renewedBy.isPresent && !renewedFor.isPresent) yield deadline.missingKey("renewed_for");
  if (renewedFor.isPresent && !renewedBy.isPresent) yield deadline.missingKey("renewed_by");
  if (guard.isPresent && !renewedBy.isPresent && !renewedFor.isPresent)
    yield guard.contradiction("an expiry_guard measures by renewed_for, which is not given", deadline, "here", "key");
}

/** Each condition doubles the machine's table for its (state, trigger). */
function* tooManyConditions(machine: UncheckedNode): Iterable<ContentProblem> {
  const expressionsByKey = new Map<string, Set<string>>();
  for (const transition of machine.items("transitions")) {
    const trigger = transition.at("trigger").text();
    const expressions = transition.items("conditions").flatMap((each) => each.at("expression").text() ?? []);
    const crowdedState = transition
      .at("from_state")
      .texts()
      .find((state) => {
        const key = `${state} ${trigger}`;
        const before = expressionsByKey.get(key) ?? new Set();
        const all = new Set([...before, ...expressions]);
        expressionsByKey.set(key, all);
        return before.size <= CONDITIONS_MAX && all.size > CONDITIONS_MAX;
      });
    if (crowdedState === undefined) continue;
    const message = `more than ${CONDITIONS_MAX} different conditions for ${trigger} in ${crowdedState}`;
    yield { code: "RC010", message, path: transition.at("conditions").path, part: "key" };
  }
}
