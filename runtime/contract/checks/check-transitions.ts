import { NO_ENTITY } from "../../core/domain.ts";
import { parseExpression } from "../../core/expression.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { reachableFrom } from "./check-reachability.ts";
import { stateEventKey, type StateEventPairs } from "./check-event-order.ts";
import { triggerScope } from "./check-expressions.ts";
import type { DomainModel, EventRef, MachineModel, TransitionModel } from "../model/domain-model.ts";
import { typeMismatches, type ExpressionScope } from "../expressions/expression-types.ts";
import { joinWithAnd, diagnosticAt } from "../reading/source-ref.ts";
import { type Conditions, type TruthAssignments, truthAssignments } from "../expressions/truth-assignments.ts";
import { returnedEvents } from "../model/message-origin.ts";

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
  const reducer = competingGroups(model.reducer).map((group) =>
    findConflicts(group, triggerScope(model, group[0]?.trigger.name ?? "")),
  );
  const orchestrator = competingGroups(model.orchestrator).map((group) => findConflicts(group, undefined));
  const all = [...orchestrator, ...reducer];
  return [
    ...toDiagnostics("RC106", [...all.flatMap(({ dead }) => dead), ...unreturnedTransitions(model, returnable)]),
    ...toDiagnostics(
      "RC202",
      all.flatMap(({ overlapping }) => overlapping),
    ),
  ];
}

/** Transitions from one state on one trigger, in order. */
function competingGroups({ transitions }: MachineModel): readonly (readonly TransitionModel[])[] {
  const found = new Map<string, TransitionModel[]>();
  for (const transition of transitions) {
    if (transition.from.unknown || transition.trigger.unknown) continue;
    const key = stateEventKey(transition.from.name, transition.trigger.name);
    const group = found.get(key) ?? [];
    found.set(key, group);
    group.push(transition);
  }
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

/** "invalid": a condition does not fit the schema, which RC108 says; until then nothing is known of it. */
type GroupAnalysis = TruthAssignments | "undecided" | "invalid";

function analyzeGroup(group: readonly TransitionModel[], scope: ExpressionScope | undefined): GroupAnalysis {
  const read = group.map(({ conditions }) => conditions.map(({ text }) => parseExpression(text)));
  const expressions = read.map((each): Conditions =>
    each.flatMap((one) => ("expression" in one ? [one.expression] : [])),
  );
  if (expressions.every((conditions) => conditions.length === 0) && read.flat().length === 0)
    return { assignments: [{ description: "", holds: group.map(() => true) }], isExact: true };
  const broken = read.flat().some((one) => "problem" in one);
  if (broken || !scope) return "invalid";
  const tests = expressions.flat().flatMap(({ any }) => any.flat());
  if (tests.some((test) => typeMismatches(scope, test).length > 0)) return "invalid";
  return truthAssignments(expressions, scope) ?? "undecided";
}

function whyUnusable(
  group: readonly TransitionModel[],
  index: number,
  decided: GroupAnalysis,
): Omit<TransitionFinding, "transition"> | undefined {
  const earlier = group.slice(0, index).find(({ conditions }) => conditions.length === 0);
  if (earlier) return { other: earlier, why: "an earlier one takes it without a condition" };
  if (typeof decided === "string") return undefined;
  const possible = decided.assignments.some(({ holds }) => holds[index]);
  return possible ? undefined : { why: "its conditions never hold together" };
}

function whyOverlapping(
  group: readonly TransitionModel[],
  one: TransitionModel,
  other: TransitionModel,
  decided: GroupAnalysis,
): string | undefined {
  if (decided === "invalid") return undefined;
  const otherwise = one.conditions.length === 0 || other.conditions.length === 0;
  if (decided === "undecided") return otherwise ? undefined : "too many cases to rule that out";
  const both = decided.assignments.find(({ holds }) => holds[group.indexOf(one)] && holds[group.indexOf(other)]);
  if (!both) return undefined;
  if (decided.isExact) return both.description === "" ? "always" : `when ${both.description}`;
  return otherwise ? undefined : "for all that is known of a pattern";
}

/** In the orchestrator an event that no row returns in a state never moves it there. */
function unreturnedTransitions(model: DomainModel, taken: StateEventPairs): readonly TransitionFinding[] {
  const returned = returnedEvents(model);
  const reached = reachableFrom(model.orchestrator, model.orchestrator.initial);
  return model.orchestrator.transitions
    .filter(({ from, trigger }) => {
      const event = (trigger as EventRef).kind === "event" && returned.has(trigger.name);
      return event && reached.has(from.name) && !taken.has(stateEventKey(from.name, trigger.name));
    })
    .map((transition) => ({ transition, why: `no row returns ${transition.trigger.name} there` }));
}

/** In how many states and against how many others: it is one mistake of one transition. */
function toDiagnostics(code: "RC106" | "RC202", findings: readonly TransitionFinding[]): readonly Diagnostic[] {
  const byTransition = new Map<string, TransitionFinding[]>();
  for (const finding of findings) {
    const key = `${finding.transition.at.source.file} ${finding.transition.index}`;
    byTransition.set(key, [...(byTransition.get(key) ?? []), finding]);
  }
  return [...byTransition.values()].flatMap((same) => {
    const [first] = same;
    if (!first) return [];
    const { transition, why } = first;
    const states = joinWithAnd(
      unique(same.map(({ transition: { from } }) => (from.name === NO_ENTITY ? "null" : from.name))),
    );
    const others = new Map(same.flatMap(({ other }) => (other ? [[other.index, other] as const] : [])));
    const related = [...others.values()].map(({ trigger }) => ({ at: trigger.at, message: "the other transition" }));
    if (code === "RC106")
      return [
        diagnosticAt(code, transition.from.at, `this transition can never be used in ${states}: ${why}`, { related }),
      ];
    const at = transition.conditions[0]?.at ?? transition.trigger.at;
    const message = `two transitions on ${transition.trigger.name} from ${states} can both hold: ${why}`;
    return [diagnosticAt(code, at, message, { related })];
  });
}

const unique = (names: readonly string[]): readonly string[] => [...new Set(names)];
