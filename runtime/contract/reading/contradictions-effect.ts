import type { UncheckedNode } from "./unchecked-node.ts";
import type { ContentProblem } from "./schema-issues.ts";
import { durationMs } from "../language/schema-parts.ts";
import { EFFECT_DEFAULTS } from "../language/schema-effect.ts";

export function effectContradictions(routing: UncheckedNode): readonly ContentProblem[] {
  const defaults = routing.at("defaults").at("retry_policy");
  return [
    ...contradictoryDelays(defaults, defaults),
    ...routing
      .items("handlers")
      .flatMap((handler) => [
        ...contradictoryDelays(handler.at("retry_policy"), defaults),
        ...selfCompensation(handler),
      ]),
  ];
}

/** The longest wait is not shorter than the first, where at least one of them is stated here. */
function contradictoryDelays(policy: UncheckedNode, defaults: UncheckedNode): readonly ContentProblem[] {
  const [initialHere, maxHere] = [policy.at("initial_delay"), policy.at("max_delay")];
  if (!initialHere.isPresent && !maxHere.isPresent) return [];
  const initial = initialHere.isPresent ? initialHere : defaults.at("initial_delay");
  const max = maxHere.isPresent ? maxHere : defaults.at("max_delay");
  const initialMs = initial.isPresent ? initial.milliseconds() : durationMs(EFFECT_DEFAULTS.retry_policy.initial_delay);
  const maxMs = max.milliseconds();
  if (initialMs === undefined || maxMs === undefined || maxMs >= initialMs) return [];
  if (maxHere.isPresent)
    return [max.contradiction("max_delay is shorter than initial_delay", initial, "initial_delay")];
  return [initial.contradiction("initial_delay is longer than max_delay", max, "max_delay")];
}

function selfCompensation(handler: UncheckedNode): readonly ContentProblem[] {
  const [by, type] = [handler.at("compensated_by"), handler.at("intent_type")];
  if (by.text() === undefined || by.text() !== type.text()) return [];
  return [by.contradiction("an intent can't compensate itself", type, "the intent")];
}
