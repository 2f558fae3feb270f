import { type Diagnostic, joinWithAnd, stateLabel } from "../diagnostics/diagnostic.ts";
import type {
  DomainModel,
  EventRef,
  HandlerModel,
  RowModel,
  MachineModel,
  TransitionModel,
} from "../model/domain-model.ts";
import { deadlineStates, messageOrigin, returnedEvents } from "../model/events.ts";
import { followOutputs, reachableFrom } from "../model/transitions.ts";
import { diagnosticAt, type SourceRef } from "../reading/contract-source.ts";
import { type ExpressionScope, typeMismatches } from "../expressions/expression-types.ts";
import { triggerScope } from "../expressions/expression-scopes.ts";
import { type TruthAssignments, truthAssignments } from "../expressions/truth-assignments.ts";

/** Keys of (state, event): some row may return the event, and the orchestrator be in the state when it is applied. */
type StateEventPairs = ReadonlySet<string>;
export const stateEventKey = (state: string, event: string): string => `${state} ${event}`;

/**
 * RC105: a row's events are applied in the order listed, each in the state that the one before it led to. When a raised
 * event is handled depends on the reducer too, so its rows are left to the exploration of all states (RC206).
 */
function checkEventOrder(model: DomainModel) {
  const returnable = new Set<string>();
  const problems: Diagnostic[] = [];
  for (const handler of model.handlers.filter(({ event }) => !event.unknown))
    for (const row of handler.rows) {
      const rejected = applyOutputs(model, row, possibleStates(model, handler, row), returnable);
      // RC104 reports a row that never decides. Its events count as returnable, so that RC106 is silent about them.
      if (row.decidableStates.length === 0) applyOutputs(model, row, allNamedStates(model, row), returnable);
      if (messageOrigin(model, handler.event) === "raised") continue;
      for (const [event, rejectedIn] of rejected) problems.push(orderDiagnostic(model, row, event, rejectedIn));
    }
  return { problems, returnable };
}

function possibleStates(model: DomainModel, { event }: HandlerModel, row: RowModel): readonly string[] {
  if (event.kind !== "deadline") return row.decidableStates;
  const armed = new Set(deadlineStates(model, event.subject));
  return row.decidableStates.filter((state) => armed.has(state));
}

const allNamedStates = ({ orchestrator }: DomainModel, { namedStates }: RowModel): readonly string[] =>
  [...orchestrator.states.keys()].filter((state) => namedStates.some(({ name }) => name === state || name === "*"));

/** `from`: the state in which the row decides. `in`: the state that its earlier events have led to. */
interface Rejection {
  readonly from: string;
  readonly in: string;
}

/** Applies a row's events in each state. Adds to `returnable`, and gives the events that no transition accepts. */
function applyOutputs(model: DomainModel, row: RowModel, states: readonly string[], returnable: Set<string>) {
  const rejections = new Map<EventRef, Rejection[]>();
  for (const from of row.action ? states : [])
    for (const { event, state, transition } of followOutputs(model, row, from).steps) {
      returnable.add(stateEventKey(state, event.name));
      if (transition) continue;
      rejections.set(event, [...(rejections.get(event) ?? []), { from, in: state }]);
      // In which state it and the later ones were meant to be applied is not known: they count as returnable in each,
      // so that no transition on them is also reported as unused (RC106).
      for (const each of row.outputs.filter((other) => other === event || other.item > event.item))
        for (const any of model.orchestrator.states.keys()) returnable.add(stateEventKey(any, each.name));
    }
  return rejections;
}

function orderDiagnostic(
  { orchestrator }: DomainModel,
  row: RowModel,
  event: EventRef,
  rejectedIn: readonly Rejection[],
): Diagnostic {
  const isFromHandler = !event.at.path.join().startsWith(`${row.at.path.join()},`);
  const at: SourceRef = isFromHandler ? (row.namedStates[0]?.at ?? row.at) : event.at;
  const where = rejectedIn.map(({ from, in: state }) =>
    from === state ? stateLabel(state) : `${stateLabel(state)} (from ${stateLabel(from)})`,
  );
  // A transition whose `from_state` is a list is several in the model, with one index: its trigger is named once.
  const accepting = new Map(
    orchestrator.transitions
      .filter(({ trigger }) => trigger.name === event.name)
      .map(({ index, trigger }) => [index, { at: trigger.at, message: `${event.name} is accepted here` }]),
  );
  const related = [...accepting.values()];
  if (isFromHandler) related.push({ at: event.at, message: `${event.name} is among the handler's output_events` });
  return diagnosticAt("RC105", at, `no transition accepts ${event.name} in ${joinWithAnd(where)}`, { related });
}

/** A finding about a transition in one of its states. */
interface TransitionFinding {
  readonly transition: TransitionModel;
  /** Because of which other; undefined: because of itself. */
  readonly other?: TransitionModel | undefined;
  readonly why: string;
}

/**
 * RC105; and RC106 and RC202: of the transitions from one state on one trigger each can fit, and no two fit at once,
 * though the first that fits would decide. One behind another without a condition is not an overlap, it is never used.
 * A pair that is undecided (patterns, or too many combinations) counts as fitting at once, unless one of the two has no
 * condition: "otherwise" can't be said about a pattern in any other way.
 */
export function checkTransitions(model: DomainModel): readonly Diagnostic[] {
  const { problems, returnable } = checkEventOrder(model);
  const conflicts = [
    ...competingGroups(model.orchestrator).map((group) => findConflicts(group, undefined)),
    ...competingGroups(model.reducer).map((group) =>
      findConflicts(group, triggerScope(model, group[0]?.trigger.name ?? "")),
    ),
  ];
  const unusable = [...conflicts.flatMap(({ dead }) => dead), ...unreturnedTransitions(model, returnable)];
  const overlapping = conflicts.flatMap((each) => each.overlapping);
  return [
    ...problems,
    ...byTransition(unusable).map(({ transition, why, states, related }) => {
      const message = `this transition can never be used in ${states}: ${why}`;
      return diagnosticAt("RC106", transition.from.at, message, { related });
    }),
    ...byTransition(overlapping).map(({ transition: { conditions, trigger }, why, states, related }) => {
      const message = `two transitions on ${trigger.name} from ${states} can both hold: ${why}`;
      return diagnosticAt("RC202", conditions[0]?.at ?? trigger.at, message, { related });
    }),
  ];
}

/** Transitions from one state on one trigger, in order. */
function competingGroups({ transitions }: MachineModel): readonly (readonly TransitionModel[])[] {
  const known = transitions.filter(({ from, trigger }) => !from.unknown && !trigger.unknown);
  return groupBy(known, ({ from, trigger }) => stateEventKey(from.name, trigger.name));
}

export function groupBy<Item>(items: readonly Item[], key: (item: Item) => string): readonly (readonly Item[])[] {
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
