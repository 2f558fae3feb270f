import type { EffectSpec, IntentSpec } from "../../core/domain.ts";
import type { DomainModel, EffectModel } from "../model/domain-model.ts";
import { firstByKey } from "../model/first-by-key.ts";
import { requireDurationMs, requireEntry } from "./require.ts";

/** Intent type -> effect. */
export function compileEffects({ effects, code }: DomainModel): ReadonlyMap<string, EffectSpec> {
  return firstByKey(
    effects,
    ({ intent }) => intent.written,
    (effect) => compileEffect(effect, code.effects),
  );
}

function compileEffect(model: EffectModel, effects: DomainModel["code"]["effects"]): EffectSpec {
  const { intent, operation, backend, written, outputs, settings } = model;
  const { timeout, batch, concurrency, retry_policy: retry, circuit_breaker: breaker } = settings;
  return {
    ...{ intentType: intent.written, operation, backend, concurrency },
    effect: requireEntry(effects, written.written, "effect"),
    outputEvents: outputs.map((event) => event.written),
    timeoutMs: requireDurationMs(timeout),
    batchMax: batch.max,
    retry: {
      maxRetries: retry.max_retries,
      initialDelayMs: requireDurationMs(retry.initial_delay),
      exponentialBase: retry.exponential_base,
      maxDelayMs: requireDurationMs(retry.max_delay),
      jitter: retry.jitter,
      ...(retry.retry_on && { retryOn: new Set(retry.retry_on) }),
    },
    breaker: { failureThreshold: breaker.failure_threshold, resetTimeoutMs: requireDurationMs(breaker.reset_timeout) },
  };
}

/** Action name -> the intent it emits. */
export function compileIntents(
  { emissions }: DomainModel,
  effects: ReadonlyMap<string, EffectSpec>,
): ReadonlyMap<string, IntentSpec> {
  return firstByKey(
    emissions,
    ({ action }) => action.written,
    ({ intent: { written: type }, target }) => {
      const hasOutcome = (effects.get(type)?.outputEvents.length ?? 0) > 0;
      return { type, target: compileTarget(target.text), hasOutcome };
    },
  );
}

function compileTarget(pattern: string): IntentSpec["target"] {
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
