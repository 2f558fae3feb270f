import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { joinWithAnd, stateLabel } from "../diagnostics/wording.ts";
import { type ExpressionScope, typeMismatches } from "../expressions/expression-types.ts";
import { triggerScope } from "../expressions/expression-scopes.ts";
import { type TruthAssignments, truthAssignments } from "../expressions/truth-assignments.ts";
import type { DomainModel, MachineModel, TransitionModel } from "../model/domain-model.ts";
import { returnedEvents } from "../model/events.ts";
import { reachableFrom } from "../model/transitions.ts";
import { diagnosticAt } from "../reading/source-ref.ts";
import { stateEventKey, type StateEventPairs } from "./check-event-order.ts";

/** A finding about a transition in one of its states. */
interface TransitionFinding {
  readonly transition: TransitionModel;
  /** Because of which other; undefined: because of itself. */
  readonly other?: TransitionModel | undefined;
  readonly why: string;
}

/**
 * RC106 and RC202: of the transitions from one state on one trigger each can fit, and no two fit at once, though the
 * first that fits would decide. One behind another without a condition is not an overlap, it is never used. A pair that
 * is undecided (patterns, or too many combinations) counts as fitting at once, unless one of the two has no condition:
 * "otherwise" can't be said about a pattern in any other way.
 */
export function checkTransitions(model: DomainModel, returnable: StateEventPairs): readonly Diagnostic[] {
  const conflicts = [
    ...competingGroups(model.orchestrator).map((group) => findConflicts(group, undefined)),
    ...competingGroups(model.reducer).map((group) =>
      findConflicts(group, triggerScope(model, group[0]?.trigger.name ?? "")),
    ),
  ];
  const unusable = [...conflicts.flatMap(({ dead }) => dead), ...unreturnedTransitions(model, returnable)];
  return [
    ...byTransition(unusable).map(unusableDiagnostic),
    ...byTransition(conflicts.flatMap(({ overlapping }) => overlapping)).map(overlapDiagnostic),
  ];
}

/** Transitions from one state on one trigger, in order. */
function competingGroups({ transitions }: MachineModel): readonly (readonly TransitionModel[])[] {
  const known = transitions.filter(({ from, trigger }) => !from.unknown && !trigger.unknown);
  return groupBy(known, ({ from, trigger }) => stateEventKey(from.name, trigger.name));
}

function groupBy<Item>(items: readonly Item[], key: (item: Item) => string): readonly (readonly Item[])[] {
  const found = new Map<string, Item[]>();
  for (const item of items) found.set(key(item), [...(found.get(key(item)) ?? []), item]);
  return [...found.values()];
}

function findConflicts(group: readonly TransitionModel[], scope: ExpressionScope | undefined) {
  const analysis = analyzeGroup(group, scope);
  const dead = group.flatMap((transition, index): readonly TransitionFinding[] => {
    const why = whyUnusable(group, index, analysis);
    return why ? [{ transition, ...why }] : [];
  });
  const live = group.filter((transition) => !dead.some((each) => each.transition === transition));
  const overlapping = live.flatMap((transition, position) =>
    live.slice(0, position).flatMap((other): readonly TransitionFinding[] => {
      const why = whyOverlapping(group, other, transition, analysis);
      return why === undefined ? [] : [{ transition, other, why }];
    }),
  );
  return { dead, overlapping };
}

/** "invalid": a condition does not fit the schema, which RC108 reports; until then nothing is known of it. */
type GroupAnalysis = TruthAssignments | "undecided" | "invalid";

function analyzeGroup(group: readonly TransitionModel[], scope: ExpressionScope | undefined): GroupAnalysis {
  const all = group.flatMap(({ conditions }) => conditions);
  if (all.length === 0) return { assignments: [{ description: "", holds: group.map(() => true) }], isExact: true };
  const expressions = group.map(({ conditions }) =>
    conditions.flatMap(({ parsed }) => ("expression" in parsed ? [parsed.expression] : [])),
  );
  if (!scope || expressions.flat().length < all.length) return "invalid";
  const tests = expressions.flat().flatMap(({ any }) => any.flat());
  if (tests.some((test) => typeMismatches(scope, test).length > 0)) return "invalid";
  return truthAssignments(expressions, scope) ?? "undecided";
}

function whyUnusable(
  group: readonly TransitionModel[],
  index: number,
  analysis: GroupAnalysis,
): Omit<TransitionFinding, "transition"> | undefined {
  const earlier = group.slice(0, index).find(({ conditions }) => conditions.length === 0);
  if (earlier) return { other: earlier, why: "an earlier one takes it without a condition" };
  if (typeof analysis === "string") return undefined;
  const possible = analysis.assignments.some(({ holds }) => holds[index]);
  return possible ? undefined : { why: "its conditions never hold together" };
}

function whyOverlapping(
  group: readonly TransitionModel[],
  one: TransitionModel,
  other: TransitionModel,
  analysis: GroupAnalysis,
): string | undefined {
  if (analysis === "invalid") return undefined;
  const otherwise = one.conditions.length === 0 || other.conditions.length === 0;
  if (analysis === "undecided") return otherwise ? undefined : "too many cases to rule that out";
  const both = analysis.assignments.find(({ holds }) => holds[group.indexOf(one)] && holds[group.indexOf(other)]);
  if (!both) return undefined;
  if (analysis.isExact) return both.description === "" ? "always" : `when ${both.description}`;
  return otherwise ? undefined : "for all that is known of a pattern";
}

/** In the orchestrator an event that no row returns in a state never moves it there. */
function unreturnedTransitions(model: DomainModel, returnable: StateEventPairs): readonly TransitionFinding[] {
  const { transitions, initial } = model.orchestrator;
  const returned = returnedEvents(model);
  const reached = reachableFrom(model.orchestrator, initial);
  return transitions
    .filter(({ from, trigger }) => {
      const isEvent = trigger.kind === "event" && returned.has(trigger.name);
      return isEvent && reached.has(from.name) && !returnable.has(stateEventKey(from.name, trigger.name));
    })
    .map((transition) => ({ transition, why: `no row returns ${transition.trigger.name} there` }));
}

/** The findings about one transition are one mistake, in several states or against several others. */
function byTransition(findings: readonly TransitionFinding[]) {
  const groups = groupBy(findings, ({ transition: { at, index } }) => `${at.source.file} ${index}`);
  return groups.flatMap((group) => {
    const [first] = group;
    const states = joinWithAnd([...new Set(group.map(({ transition }) => stateLabel(transition.from.name)))]);
    const others = new Map(group.flatMap(({ other }) => (other ? [[other.index, other] as const] : [])));
    const related = [...others.values()].map(({ trigger }) => ({ at: trigger.at, message: "the other transition" }));
    return first ? [{ ...first, states, related }] : [];
  });
}

type TransitionMistake = ReturnType<typeof byTransition>[number];

const unusableDiagnostic = ({ transition, why, states, related }: TransitionMistake): Diagnostic =>
  diagnosticAt("RC106", transition.from.at, `this transition can never be used in ${states}: ${why}`, { related });

function overlapDiagnostic({
  transition: { conditions, trigger },
  why,
  states,
  related,
}: TransitionMistake): Diagnostic {
  const message = `two transitions on ${trigger.name} from ${states} can both hold: ${why}`;
  return diagnosticAt("RC202", conditions[0]?.at ?? trigger.at, message, { related });
}
