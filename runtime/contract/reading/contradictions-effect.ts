import type { Part } from "./unchecked-node.ts";
import type { ContentProblem } from "./schema-issues.ts";
import { durationMs } from "../language/schema-parts.ts";
import { EFFECT_DEFAULTS } from "../language/schema-effect.ts";

export function effectContradictions(routing: Part): readonly ContentProblem[] {
  const defaults = routing.at("defaults").at("retry_policy");
  return [
    ...delays(defaults, defaults),
    ...routing
      .items("handlers")
      .flatMap((handler) => [...delays(handler.at("retry_policy"), defaults), ...ownCompensation(handler)]),
  ];
}

/** The longest wait is not shorter than the first, where at least one of them is stated here. */
function delays(policy: Part, defaults: Part): readonly ContentProblem[] {
  const [initialHere, maxHere] = [policy.at("initial_delay"), policy.at("max_delay")];
  if (!initialHere.there && !maxHere.there) return [];
  const initial = initialHere.there ? initialHere : defaults.at("initial_delay");
  const max = maxHere.there ? maxHere : defaults.at("max_delay");
  const initialMs = initial.there ? initial.ms() : durationMs(EFFECT_DEFAULTS.retry_policy.initial_delay);
  const maxMs = max.ms();
  if (initialMs === undefined || maxMs === undefined || maxMs >= initialMs) return [];
  if (maxHere.there) return [max.contradicts("max_delay is shorter than initial_delay", initial, "initial_delay")];
  return [initial.contradicts("initial_delay is longer than max_delay", max, "max_delay")];
}

function ownCompensation(handler: Part): readonly ContentProblem[] {
  const [by, type] = [handler.at("compensated_by"), handler.at("intent_type")];
  if (by.text() === undefined || by.text() !== type.text()) return [];
  return [by.contradicts("an intent is not taken back by itself", type, "the intent")];
}
