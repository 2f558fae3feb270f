import type { DomainCode } from "../../core/domain.ts";
import { EFFECT_DEFAULTS } from "../language/schema-effect.ts";
import { durationMs } from "../language/schema-parts.ts";
import type { EffectContract, ReducerContract } from "../language/schema.ts";
import { childRef, type LoadedContract, sourceRef } from "../reading/contract-source.ts";
import { type NameLookup, type NameResolver, type ReadContext, uniqueFit } from "./name-resolver.ts";

/** A row of `intent_emission`. */
export type EmissionModel = ReturnType<typeof readEmissions>[number];

export function readEmissions(
  source: LoadedContract<ReducerContract>,
  { reducer }: DomainCode,
  names: NameResolver,
  intent: NameLookup,
) {
  const builder = { kind: "intent builder", candidates: Object.keys(reducer.builders), where: "in the reducer's code" };
  return (source.contract.intent_emission?.intents ?? []).map(({ action_name, intent_type, target_pattern }, index) => {
    const at = sourceRef(source, "intent_emission", "intents", index);
    return {
      action: names.resolve(action_name, childRef(at, "action_name"), builder),
      intent: names.resolve(intent_type, childRef(at, "intent_type"), intent),
      /** The pattern, with its placeholders. */
      target: { text: target_pattern, at: childRef(at, "target_pattern") },
    };
  });
}

export type EffectModel = ReturnType<typeof readEffects>[number];

export function readEffects(source: LoadedContract<EffectContract>, { code, names, event, ...lookups }: ReadContext) {
  const { handlers, defaults = {} } = source.contract.handler_routing;
  const routing = sourceRef(source, "handler_routing");
  const inCode = { kind: "effect", candidates: Object.keys(code.effects), where: "in code" };
  return handlers.map((row, index) => {
    const at = childRef(routing, "handlers", index);
    const { operation, backend, intent_type, compensated_by } = row;
    const intent = names.resolve(intent_type, childRef(at, "intent_type"), lookups.intent);
    const written = names.resolve(row.handler.name, childRef(at, "handler", "name"), inCode);
    const fitting = inCode.candidates.filter((name) => code.effects[name]?.intent.intentType === intent.name);
    const settings = mergeSettings(row, defaults);
    const own = row.retry_policy?.retry_on !== undefined;
    const codesAt = childRef(own ? at : childRef(routing, "defaults"), "retry_policy", "retry_on");
    const codes = settings.retry_policy.retry_on?.map((text, i) => ({ text, at: childRef(codesAt, i) }));
    return {
      ...{ at, operation, intent, settings },
      /** It is there where this variable is set; undefined: everywhere. */
      variable: source.contract.where_set,
      /** The pattern, with its placeholders. */
      backend: { text: backend, at: childRef(at, "backend") },
      /** As written; `effect` is the one that carries out the intent, where only one in code does. */
      written,
      effect: uniqueFit(fitting, intent, written),
      outputs: (row.output_events ?? []).map((text, i) => event(text, childRef(at, "output_events", i))),
      /** Whether retries are limited, so that the intent can fail for good. */
      mayFail: settings.retry_policy.max_retries !== "unlimited",
      /** The list of `retry_on` that counts for it: its own, or that of the contract's defaults. */
      retryOn: codes && { codes, own },
      compensatedBy:
        compensated_by === undefined
          ? undefined
          : names.resolve(compensated_by, childRef(at, "compensated_by"), { ...lookups.intent, except: intent_type }),
    };
  });
}

/** The variable under `where_set`. */
export function readVariable(source: LoadedContract<EffectContract>, code: DomainCode, names: NameResolver) {
  const { where_set: variable } = source.contract;
  if (variable === undefined) return [];
  const where = "that may be left unset is in the configuration";
  return [
    names.resolve(variable, sourceRef(source, "where_set"), {
      ...{ kind: "variable", candidates: code.variables ?? [], where },
    }),
  ];
}

/** A backend's name without what comes from the payload: `module` of `module/{host}`. */
export const fixedBackend = (pattern: string): string => pattern.split("/")[0] ?? "";

type EffectRouting = EffectContract["handler_routing"];
type Settings = NonNullable<EffectRouting["defaults"]>;

/** Key by key the value of the row, else that of the contract's `defaults`, else that of `EFFECT_DEFAULTS`. */
function mergeSettings(row: EffectRouting["handlers"][number], defaults: Settings) {
  // A key that a contract leaves out is not there at all, so none of these is undefined.
  const { timeout, batch, concurrency } = Object.assign({}, EFFECT_DEFAULTS, defaults, row);
  const { retry_policy: standard, circuit_breaker: breaker, ask_again: again } = EFFECT_DEFAULTS;
  const retry = Object.assign({}, standard, defaults.retry_policy, row.retry_policy);
  const asking = Object.assign({}, again, defaults.ask_again, row.ask_again);
  // Where no longest wait is given, it is at least the first one.
  const max_delay = longer(retry.initial_delay, standard.max_delay);
  const max = longer(asking.first, again.max);
  return {
    ...{ timeout, batch, concurrency },
    retry_policy: Object.assign({ ...standard, max_delay }, defaults.retry_policy, row.retry_policy),
    circuit_breaker: Object.assign({}, breaker, defaults.circuit_breaker, row.circuit_breaker),
    ask_again: Object.assign({ ...again, max }, defaults.ask_again, row.ask_again),
  };
}

const longer = (one: string, other: string): string =>
  (durationMs(one) ?? 0) > (durationMs(other) ?? 0) ? one : other;
