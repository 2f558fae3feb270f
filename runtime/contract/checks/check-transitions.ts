import { NO_ENTITY } from "../../core/domain.ts";
import { parseExpression } from "../../core/expression.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { reachedFrom } from "./check-reachability.ts";
import { pair, type Taken } from "./check-event-order.ts";
import { scopeOfTrigger } from "./check-expressions.ts";
import type { DomainModel, EventUse, MachineModel, TransitionModel } from "../model/domain-model.ts";
import { misfitsOf, type Scope } from "../expressions/expression-types.ts";
import { listed, problem } from "../reading/source-ref.ts";
import { type Conditions, type Worlds, worldsOf } from "../expressions/truth-assignments.ts";
import { returnedEvents } from "../model/message-origin.ts";

/** A finding about a transition in one of its states. */
interface Finding {
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
export function checkTransitions(model: DomainModel, taken: Taken): readonly Diagnostic[] {
  const reducer = groups(model.reducer).map((group) =>
    competing(group, scopeOfTrigger(model, group[0]?.trigger.name ?? "")),
  );
  const orchestrator = groups(model.orchestrator).map((group) => competing(group, undefined));
  const all = [...orchestrator, ...reducer];
  return [
    ...reported("RC106", [...all.flatMap(({ dead }) => dead), ...untaken(model, taken)]),
    ...reported(
      "RC202",
      all.flatMap(({ overlapping }) => overlapping),
    ),
  ];
}

/** Transitions from one state on one trigger, in order. */
function groups({ transitions }: MachineModel): readonly (readonly TransitionModel[])[] {
  const found = new Map<string, TransitionModel[]>();
  for (const transition of transitions) {
    if (transition.from.unknown || transition.trigger.unknown) continue;
    const key = pair(transition.from.name, transition.trigger.name);
    const group = found.get(key) ?? [];
    found.set(key, group);
    group.push(transition);
  }
  return [...found.values()];
}

function competing(group: readonly TransitionModel[], scope: Scope | undefined) {
  const decided = decide(group, scope);
  const dead = group.flatMap((transition, index): readonly Finding[] => {
    const why = deadBecause(group, index, decided);
    return why ? [{ transition, ...why }] : [];
  });
  const live = group.filter((transition) => !dead.some((each) => each.transition === transition));
  const overlapping = live.flatMap((transition, position) =>
    live.slice(0, position).flatMap((other): readonly Finding[] => {
      const why = overlap(group, other, transition, decided);
      return why === undefined ? [] : [{ transition, other, why }];
    }),
  );
  return { dead, overlapping };
}

/** "invalid": a condition does not fit the schema, which RC108 says; until then nothing is known of it. */
type Decided = Worlds | "undecided" | "invalid";

function decide(group: readonly TransitionModel[], scope: Scope | undefined): Decided {
  const read = group.map(({ conditions }) => conditions.map(({ text }) => parseExpression(text)));
  const expressions = read.map((each): Conditions =>
    each.flatMap((one) => ("expression" in one ? [one.expression] : [])),
  );
  if (expressions.every((conditions) => conditions.length === 0) && read.flat().length === 0)
    return { worlds: [{ describe: "", holds: group.map(() => true) }], exact: true };
  const broken = read.flat().some((one) => "problem" in one);
  if (broken || !scope) return "invalid";
  const tests = expressions.flat().flatMap(({ any }) => any.flat());
  if (tests.some((test) => misfitsOf(scope, test).length > 0)) return "invalid";
  return worldsOf(expressions, scope) ?? "undecided";
}

function deadBecause(
  group: readonly TransitionModel[],
  index: number,
  decided: Decided,
): Omit<Finding, "transition"> | undefined {
  const earlier = group.slice(0, index).find(({ conditions }) => conditions.length === 0);
  if (earlier) return { other: earlier, why: "an earlier one takes it without a condition" };
  if (typeof decided === "string") return undefined;
  const possible = decided.worlds.some(({ holds }) => holds[index]);
  return possible ? undefined : { why: "its conditions never hold together" };
}

function overlap(
  group: readonly TransitionModel[],
  one: TransitionModel,
  other: TransitionModel,
  decided: Decided,
): string | undefined {
  if (decided === "invalid") return undefined;
  const otherwise = one.conditions.length === 0 || other.conditions.length === 0;
  if (decided === "undecided") return otherwise ? undefined : "too many cases to rule that out";
  const both = decided.worlds.find(({ holds }) => holds[group.indexOf(one)] && holds[group.indexOf(other)]);
  if (!both) return undefined;
  if (decided.exact) return both.describe === "" ? "always" : `when ${both.describe}`;
  return otherwise ? undefined : "for all that is known of a pattern";
}

/** In the orchestrator an event that no row returns in a state never moves it there. */
function untaken(model: DomainModel, taken: Taken): readonly Finding[] {
  const returned = returnedEvents(model);
  const reached = reachedFrom(model.orchestrator, model.orchestrator.initial);
  return model.orchestrator.transitions
    .filter(({ from, trigger }) => {
      const event = (trigger as EventUse).kind === "event" && returned.has(trigger.name);
      return event && reached.has(from.name) && !taken.has(pair(from.name, trigger.name));
    })
    .map((transition) => ({ transition, why: `no row returns ${transition.trigger.name} there` }));
}

/** In how many states and against how many others: it is one mistake of one transition. */
function reported(code: "RC106" | "RC202", findings: readonly Finding[]): readonly Diagnostic[] {
  const together = new Map<string, Finding[]>();
  for (const finding of findings) {
    const key = `${finding.transition.at.source.file} ${finding.transition.index}`;
    together.set(key, [...(together.get(key) ?? []), finding]);
  }
  return [...together.values()].flatMap((same) => {
    const [first] = same;
    if (!first) return [];
    const { transition, why } = first;
    const states = listed(
      unique(same.map(({ transition: { from } }) => (from.name === NO_ENTITY ? "null" : from.name))),
    );
    const others = new Map(same.flatMap(({ other }) => (other ? [[other.index, other] as const] : [])));
    const related = [...others.values()].map(({ trigger }) => ({ at: trigger.at, message: "the other transition" }));
    if (code === "RC106")
      return [problem(code, transition.from.at, `this transition can never be used in ${states}: ${why}`, { related })];
    const at = transition.conditions[0]?.at ?? transition.trigger.at;
    const message = `two transitions on ${transition.trigger.name} from ${states} can both hold: ${why}`;
    return [problem(code, at, message, { related })];
  });
}

const unique = (names: readonly string[]): readonly string[] => [...new Set(names)];
