import { didYouMean } from "../diagnostics/did-you-mean.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { DomainModel, EffectModel } from "../model/domain-model.ts";
import { statesWithDeadline } from "../model/events.ts";
import { diagnosticAt } from "../reading/source-ref.ts";

/** What the runtime itself reports of an effect that threw or took too long: every effect may end so. */
const RUNTIME_FAULTS = ["UNAVAILABLE"];

/** RC110: some state arms each deadline that a handler declares, and some effect reports each fault code listed. */
export function* checkCodeDeclarations(model: DomainModel): Iterable<Diagnostic> {
  yield* undeclaredDeadlines(model);
  const withCodes = model.effects.filter(({ retryOn }) => retryOn);
  for (const effect of withCodes) if (effect.retryOn?.own) yield* unknownFaultCodes(model, [effect]);
  // A code of the shared policy must be known to one of the effects that it is for, an effect's own to that effect.
  const shared = withCodes.filter(({ retryOn }) => !retryOn?.own);
  for (const source of new Set(shared.map(({ at }) => at.source)))
    yield* unknownFaultCodes(
      model,
      shared.filter(({ at }) => at.source === source),
    );
}

function* undeclaredDeadlines(model: DomainModel): Iterable<Diagnostic> {
  const deadlines = new Map(statesWithDeadline(model).map(({ deadline: { name, at } }) => [name, at]));
  const seen = new Set<string>();
  for (const { handler } of model.handlers) {
    if (handler.unknown || seen.has(handler.name)) continue;
    seen.add(handler.name);
    for (const name of model.code.handlers[handler.name]?.deadlines ?? []) {
      if (deadlines.has(name)) continue;
      const suggestion = didYouMean(name, deadlines.keys());
      const at = deadlines.get(suggestion ?? "");
      const related = at && [{ at, message: `${suggestion} is declared here` }];
      const message = `${handler.name} asks for deadline ${name}, which no state arms`;
      yield diagnosticAt("RC110", handler.at, message, { suggestion, related });
    }
  }
}

function* unknownFaultCodes({ code }: DomainModel, effects: readonly EffectModel[]): Iterable<Diagnostic> {
  if (effects.some(({ effect }) => effect.unknown)) return;
  const faults = effects.flatMap(({ effect }) => code.effects[effect.name]?.faults ?? []);
  const known = [...new Set([...faults, ...RUNTIME_FAULTS])];
  const [first, ...others] = effects;
  const subject = others.length === 0 ? `${first?.effect.name} never reports` : "no effect that this is for reports";
  for (const { text, at } of first?.retryOn?.codes ?? [])
    if (!known.includes(text))
      yield diagnosticAt("RC110", at, `${subject} ${text}: known are ${known.join(", ")}`, {
        suggestion: didYouMean(text, known),
      });
}
