import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { DomainModel } from "../model/domain-model.ts";
import { diagnosticAt, type SourceRef, sourceRef } from "../reading/source-ref.ts";

type Declaration = readonly [name: string, at: SourceRef];

/** RC109: what may be declared once and is declared again; the second place is the problem, the first is related. */
export function checkDuplicates(model: DomainModel): readonly Diagnostic[] {
  const { set, handlers, orchestrator, emissions, effects, consumed, published, triggers } = model;
  const contracts = [set.orchestrator, set.reducer, ...set.effects];
  const used = ({ name, at }: { readonly name: string; readonly at: SourceRef }): Declaration => [name, at];
  const topics = set.orchestrator.contract.consumed_events.map(({ topic }, index): Declaration => [
    topic,
    sourceRef(set.orchestrator, "consumed_events", index, "topic"),
  ]);
  return [
    ...duplicates(
      "contract",
      contracts.map((source) => [source.contract.name, sourceRef(source, "name")]),
    ),
    ...[set.orchestrator, set.reducer].flatMap((source) =>
      duplicates(
        "state",
        source.contract.state_machine.states.map(({ state_name }, index) => [
          state_name,
          sourceRef(source, "state_machine", "states", index, "state_name"),
        ]),
      ),
    ),
    ...duplicates(
      "deadline",
      [...orchestrator.states.values()].flatMap(({ deadline }) => (deadline ? [used(deadline)] : [])),
    ),
    ...duplicates(
      "handler for",
      handlers.map(({ event }) => used(event)),
    ),
    ...duplicates("consumed event", consumed.map(used)),
    ...duplicates("consumed topic", topics),
    ...duplicates("published event", published.map(used)),
    ...duplicates(
      "trigger for",
      triggers.map(({ event }) => used(event)),
    ),
    ...duplicates(
      "action",
      emissions.map(({ action }) => used(action)),
    ),
    ...duplicates(
      "effect for",
      effects.map(({ intent }) => used(intent)),
    ),
  ];
}

function duplicates(what: string, declared: readonly Declaration[]): readonly Diagnostic[] {
  const first = new Map<string, SourceRef>();
  return declared.flatMap(([name, at]) => {
    const earlier = first.get(name);
    if (!earlier) {
      first.set(name, at);
      return [];
    }
    const related = [{ at: earlier, message: `${name} is declared here first` }];
    return [diagnosticAt("RC109", at, `${what} ${name} is declared twice`, { related })];
  });
}
