import type { DomainCode } from "../../core/domain.ts";
import type { EffectContract, ReducerContract } from "../language/schema.ts";
import type { LoadedContract } from "../reading/contract-source.ts";
import { childRef, sourceRef } from "../reading/source-ref.ts";
import type { EffectModel, EmissionModel } from "./domain-model.ts";
import { type EffectRow, mergeEffectSettings } from "./effect-settings.ts";
import { fittingEffect } from "./fitting-code.ts";
import type { NameLookup, NameResolver } from "./name-resolver.ts";
import type { EventReader } from "./read-events.ts";

export function readEmissions(
  source: LoadedContract<ReducerContract>,
  code: DomainCode,
  names: NameResolver,
  intent: NameLookup,
): readonly EmissionModel[] {
  const candidates = Object.keys(code.reducer.builders);
  const builder = { kind: "intent builder", candidates, where: "in the reducer's code" };
  return (source.contract.intent_emission?.intents ?? []).map(({ action_name, intent_type, target_pattern }, index) => {
    const at = sourceRef(source, "intent_emission", "intents", index);
    return {
      at,
      action: names.resolve(action_name, childRef(at, "action_name"), builder),
      intent: names.resolve(intent_type, childRef(at, "intent_type"), intent),
      target: { text: target_pattern, at: childRef(at, "target_pattern") },
    };
  });
}

interface ReadContext {
  readonly code: DomainCode;
  readonly names: NameResolver;
  readonly intent: NameLookup;
  readonly event: EventReader;
}

export function readEffects(source: LoadedContract<EffectContract>, context: ReadContext): readonly EffectModel[] {
  return source.contract.handler_routing.handlers.map((row, index) => readEffect(source, context, row, index));
}

function readEffect(
  source: LoadedContract<EffectContract>,
  { code, names, intent: lookup, event }: ReadContext,
  row: EffectRow,
  index: number,
): EffectModel {
  const at = sourceRef(source, "handler_routing", "handlers", index);
  const settings = mergeEffectSettings(row, source.contract.handler_routing.defaults);
  const intent = names.resolve(row.intent_type, childRef(at, "intent_type"), lookup);
  const effects = { kind: "effect", candidates: Object.keys(code.effects), where: "in code" };
  const written = names.resolve(row.handler.name, childRef(at, "handler", "name"), effects);
  const outputs = (row.output_events ?? []).map((text, i) => event(text, childRef(at, "output_events", i)));
  const { operation, backend, compensated_by: compensation } = row;
  return {
    ...{ at, operation, backend, intent, written, effect: fittingEffect(code, intent, written), outputs, settings },
    mayFail: settings.retry_policy.max_retries !== "unlimited",
    ...retryOnOf(source, row, index, settings.retry_policy.retry_on),
    ...(compensation !== undefined && {
      compensatedBy: names.resolve(compensation, childRef(at, "compensated_by"), {
        ...lookup,
        except: row.intent_type,
      }),
    }),
  };
}

function retryOnOf(
  source: LoadedContract<EffectContract>,
  row: EffectRow,
  index: number,
  codes: readonly string[] | undefined,
): Pick<EffectModel, "retryOn"> {
  if (!codes) return {};
  const own = row.retry_policy?.retry_on !== undefined;
  const at = sourceRef(source, "handler_routing", ...(own ? ["handlers", index] : ["defaults"]));
  const listAt = childRef(at, "retry_policy", "retry_on");
  return { retryOn: { codes: codes.map((text, i) => ({ text, at: childRef(listAt, i) })), own } };
}
