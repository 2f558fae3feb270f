import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { DomainModel } from "../model/domain-model.ts";
import { problem, type Spot, spot } from "../reading/source-ref.ts";

type Declared = readonly [name: string, at: Spot];

/** RC109: what may be declared once and is declared again; the second place is the problem, the first is related. */
export function checkDuplicates(model: DomainModel): readonly Diagnostic[] {
  const { set, handlers, orchestrator, emissions, effects, consumed, published, triggers } = model;
  const contracts = [set.orchestrator, set.reducer, ...set.effects];
  const used = ({ name, at }: { readonly name: string; readonly at: Spot }): Declared => [name, at];
  const topics = set.orchestrator.contract.consumed_events.map(({ topic }, index): Declared => [
    topic,
    spot(set.orchestrator, "consumed_events", index, "topic"),
  ]);
  return [
    ...again(
      "contract",
      contracts.map((source) => [source.contract.name, spot(source, "name")]),
    ),
    ...[set.orchestrator, set.reducer].flatMap((source) =>
      again(
        "state",
        source.contract.state_machine.states.map(({ state_name }, index) => [
          state_name,
          spot(source, "state_machine", "states", index, "state_name"),
        ]),
      ),
    ),
    ...again(
      "deadline",
      [...orchestrator.states.values()].flatMap(({ deadline }) => (deadline ? [used(deadline)] : [])),
    ),
    ...again(
      "handler for",
      handlers.map(({ event }) => used(event)),
    ),
    ...again("consumed event", consumed.map(used)),
    ...again("consumed topic", topics),
    ...again("published event", published.map(used)),
    ...again(
      "trigger for",
      triggers.map(({ event }) => used(event)),
    ),
    ...again(
      "action",
      emissions.map(({ action }) => used(action)),
    ),
    ...again(
      "effect for",
      effects.map(({ intent }) => used(intent)),
    ),
  ];
}

function again(what: string, declared: readonly Declared[]): readonly Diagnostic[] {
  const first = new Map<string, Spot>();
  return declared.flatMap(([name, at]) => {
    const earlier = first.get(name);
    if (!earlier) {
      first.set(name, at);
      return [];
    }
    const related = [{ at: earlier, message: `${name} is declared here first` }];
    return [problem("RC109", at, `${what} ${name} is declared twice`, { related })];
  });
}
