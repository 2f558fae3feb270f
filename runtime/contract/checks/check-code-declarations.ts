import { didYouMean } from "../diagnostics/did-you-mean.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { DomainModel, EffectModel } from "../model/domain-model.ts";
import { diagnosticAt } from "../reading/source-ref.ts";

/** What the runtime itself reports of an effect that threw or took too long: every effect may end so. */
const RUNTIME_FAULTS = ["UNAVAILABLE"];

/** RC110: what code declares (the deadlines of handlers, the faults of effects) and the contract are of one mind. */
export function checkCodeDeclarations(model: DomainModel): readonly Diagnostic[] {
  return [...undeclaredDeadlines(model), ...undeclaredFaults(model)];
}

function undeclaredDeadlines({ handlers, code, orchestrator }: DomainModel): readonly Diagnostic[] {
  const states = [...orchestrator.states.values()];
  const known = states.flatMap(({ deadline }) => (deadline ? [deadline.name] : []));
  const seen = new Set<string>();
  return handlers.flatMap(({ handler }) => {
    const declared = handler.unknown || seen.has(handler.name) ? [] : (code.handlers[handler.name]?.deadlines ?? []);
    seen.add(handler.name);
    return declared
      .filter((name) => !known.includes(name))
      .map((name) => {
        const suggestion = didYouMean(name, known);
        const suggestedDeadline = states.find(({ deadline }) => deadline?.name === suggestion)?.deadline;
        const related = suggestedDeadline
          ? [{ at: suggestedDeadline.at, message: `${suggestedDeadline.name} is declared here` }]
          : [];
        return diagnosticAt("RC110", handler.at, `${handler.name} asks for deadline ${name}, which no state arms`, {
          suggestion,
          related,
        });
      });
  });
}

/** A code of the shared policy must be known to one of the effects that it is for, an effect's own to that effect. */
function undeclaredFaults(model: DomainModel): readonly Diagnostic[] {
  const own = model.effects.filter(({ retryOn }) => retryOn?.own);
  const shared = model.effects.filter(({ retryOn }) => retryOn && !retryOn.own);
  const files = new Set(shared.map(({ at }) => at.source));
  return [
    ...own.flatMap((effect) => unknownFaultCodes(model, [effect])),
    ...[...files].flatMap((source) =>
      unknownFaultCodes(
        model,
        shared.filter(({ at }) => at.source === source),
      ),
    ),
  ];
}

function unknownFaultCodes({ code }: DomainModel, effects: readonly EffectModel[]): readonly Diagnostic[] {
  if (effects.some(({ effect }) => effect.unknown)) return [];
  const faults = effects.flatMap(({ effect }) => code.effects[effect.name]?.faults ?? []);
  const known = [...faults, ...RUNTIME_FAULTS];
  return (effects[0]?.retryOn?.codes ?? [])
    .filter((each) => !known.includes(each.code))
    .map((each) => {
      const subject = effects.length === 1 ? (effects[0]?.effect.name ?? "") : "no effect that this is for";
      const message =
        `${subject} ${effects.length === 1 ? "never reports" : "reports"} ${each.code}: known are ` +
        `${[...new Set(known)].join(", ")}`;
      return diagnosticAt("RC110", each.at, message, { suggestion: didYouMean(each.code, known) });
    });
}
