import type { EffectSpec, IntentSpec } from "../../core/domain.ts";
import type { DomainCode } from "../../core/domain-code.ts";
import { requireDurationMs } from "./compile-machines.ts";
import { requireEntry } from "./require-entry.ts";
import type { EffectContract, EmittedIntent, ReducerContract } from "../language/schema.ts";
import { EFFECT_DEFAULTS } from "../language/schema-effect.ts";

type EffectHandlerRow = EffectContract["handler_routing"]["handlers"][number];
type EffectDefaults = NonNullable<EffectContract["handler_routing"]["defaults"]>;
type RetryPolicy = NonNullable<EffectHandlerRow["retry_policy"]>;

/** Intent type -> effect, defaults merged: the row's word, else the contract's `defaults`, else `EFFECT_DEFAULTS`. */
export function compileEffects(
  contracts: readonly EffectContract[],
  code: DomainCode,
): ReadonlyMap<string, EffectSpec> {
  const specs = contracts.flatMap(({ handler_routing: { handlers, defaults = {} } }) =>
    handlers.map((row) => effectOf(row, defaults, code)),
  );
  return new Map(specs.map((spec) => [spec.intentType, spec]));
}

function effectOf(row: EffectHandlerRow, defaults: EffectDefaults, code: DomainCode): EffectSpec {
  const breaker = { ...EFFECT_DEFAULTS.circuit_breaker, ...defaults.circuit_breaker, ...row.circuit_breaker };
  return {
    intentType: row.intent_type,
    operation: row.operation,
    backend: row.backend,
    effect: requireEntry(code.effects, row.handler.name, "effect"),
    outputEvents: row.output_events ?? [],
    timeoutMs: requireDurationMs(row.timeout ?? defaults.timeout ?? EFFECT_DEFAULTS.timeout),
    batchMax: (row.batch ?? defaults.batch ?? EFFECT_DEFAULTS.batch).max,
    concurrency: row.concurrency ?? defaults.concurrency ?? EFFECT_DEFAULTS.concurrency,
    retry: retryOf(row.retry_policy, defaults.retry_policy),
    breaker: {
      failureThreshold: breaker.failure_threshold ?? EFFECT_DEFAULTS.circuit_breaker.failure_threshold,
      resetTimeoutMs: requireDurationMs(breaker.reset_timeout ?? EFFECT_DEFAULTS.circuit_breaker.reset_timeout),
    },
  };
}

function retryOf(row: RetryPolicy = {}, defaults: RetryPolicy = {}): EffectSpec["retry"] {
  const { initialDelayMs, maxDelayMs } = retryDelays(row, defaults);
  const retryOn = row.retry_on ?? defaults.retry_on;
  const standard = EFFECT_DEFAULTS.retry_policy;
  return {
    maxRetries: row.max_retries ?? defaults.max_retries ?? standard.max_retries,
    initialDelayMs,
    exponentialBase: row.exponential_base ?? defaults.exponential_base ?? standard.exponential_base,
    maxDelayMs,
    jitter: row.jitter ?? defaults.jitter ?? standard.jitter,
    ...(retryOn ? { retryOn: new Set(retryOn) } : {}),
  };
}

/** Where nobody states a longest wait it is at least the first one. */
function retryDelays(row: RetryPolicy, defaults: RetryPolicy) {
  const initialDelayMs = requireDurationMs(
    row.initial_delay ?? defaults.initial_delay ?? EFFECT_DEFAULTS.retry_policy.initial_delay,
  );
  const stated = row.max_delay ?? defaults.max_delay;
  const standard = Math.max(initialDelayMs, requireDurationMs(EFFECT_DEFAULTS.retry_policy.max_delay));
  return { initialDelayMs, maxDelayMs: stated === undefined ? standard : requireDurationMs(stated) };
}

/** Action name -> the intent it emits. */
export function compileIntents(
  contract: ReducerContract,
  effects: ReadonlyMap<string, EffectSpec>,
): ReadonlyMap<string, IntentSpec> {
  const intents = contract.intent_emission?.intents ?? [];
  return new Map(intents.map((intent) => [intent.action_name, intentOf(intent, effects.get(intent.intent_type))]));
}

const intentOf = ({ action_name, intent_type, target_pattern }: EmittedIntent, effect?: EffectSpec): IntentSpec => ({
  action: action_name,
  type: intent_type,
  target: targetOf(target_pattern),
  hasOutcome: (effect?.outputEvents.length ?? 0) > 0,
});

function targetOf(pattern: string): IntentSpec["target"] {
  // Odd parts are the placeholders' names.
  const parts = pattern.split(/\{([^{}]*)\}/);
  return (payload) => {
    let target = parts[0] ?? "";
    for (let at = 1; at < parts.length; at += 2) {
      const name = parts[at] ?? "";
      const value = Object.hasOwn(payload, name) ? payload[name] : undefined;
      if (typeof value !== "string" && typeof value !== "number")
        throw new Error(`${pattern}: the payload built has no ${name}`);
      target += `${value}${parts[at + 1]}`;
    }
    return target;
  };
}
