import { EFFECT_DEFAULTS } from "../language/schema-effect.ts";
import { durationMs } from "../language/schema-parts.ts";
import type { ContentProblem } from "./schema-issues.ts";
import type { UncheckedNode } from "./unchecked-node.ts";

export function* effectContradictions(routing: UncheckedNode): Iterable<ContentProblem> {
  const defaults = routing.at("defaults").at("retry_policy");
  yield* contradictoryDelays(defaults, defaults);
  for (const handler of routing.items("handlers")) {
    yield* contradictoryDelays(handler.at("retry_policy"), defaults);
    const [compensation, intent] = [handler.at("compensated_by"), handler.at("intent_type")];
    if (compensation.text() !== undefined && compensation.text() === intent.text())
      yield compensation.contradiction("an intent can't compensate itself", intent, "the intent");
  }
}

/** The longest wait is not shorter than the first, where at least one of them is stated here. */
function* contradictoryDelays(policy: UncheckedNode, defaults: UncheckedNode): Iterable<ContentProblem> {
  const [initialHere, maxHere] = [policy.at("initial_delay"), policy.at("max_delay")];
  if (!initialHere.isPresent && !maxHere.isPresent) return;
  const initial = initialHere.isPresent ? initialHere : defaults.at("initial_delay");
  const max = maxHere.isPresent ? maxHere : defaults.at("max_delay");
  const initialMs = initial.isPresent ? initial.milliseconds() : durationMs(EFFECT_DEFAULTS.retry_policy.initial_delay);
  const maxMs = max.milliseconds();
  if (initialMs === undefined || maxMs === undefined || maxMs >= initialMs) return;
  if (maxHere.isPresent) yield max.contradiction("max_delay is shorter than initial_delay", initial, "initial_delay");
  else yield initial.contradiction("initial_delay is longer than max_delay", max, "max_delay");
}
