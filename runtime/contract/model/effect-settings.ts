import { EFFECT_DEFAULTS } from "../language/schema-effect.ts";
import { durationMs } from "../language/schema-parts.ts";
import type { EffectContract } from "../language/schema.ts";

type EffectRouting = EffectContract["handler_routing"];
type Settings = NonNullable<EffectRouting["defaults"]>;
export type EffectRow = EffectRouting["handlers"][number];

/** How an effect is called; durations are texts as in the contract. */
export interface EffectSettings {
  readonly timeout: string;
  readonly batch: { readonly max: number };
  readonly concurrency: number;
  readonly retry_policy: {
    readonly max_retries: number | "unlimited";
    readonly initial_delay: string;
    readonly exponential_base: number;
    readonly max_delay: string;
    readonly jitter: number;
    readonly retry_on?: readonly string[];
  };
  readonly circuit_breaker: { readonly failure_threshold: number; readonly reset_timeout: string };
}

/** Key by key the value of the row, else that of the contract's `defaults`, else that of `EFFECT_DEFAULTS`. */
export function mergeEffectSettings(row: EffectRow, defaults: Settings = {}): EffectSettings {
  const { timeout, batch, concurrency } = { ...EFFECT_DEFAULTS, ...defaults, ...row };
  const retry = { ...defaults.retry_policy, ...row.retry_policy };
  const standard = EFFECT_DEFAULTS.retry_policy;
  const initialDelay = retry.initial_delay ?? standard.initial_delay;
  return {
    ...{ timeout, batch, concurrency },
    retry_policy: { ...standard, max_delay: longerOf(standard.max_delay, initialDelay), ...retry },
    circuit_breaker: { ...EFFECT_DEFAULTS.circuit_breaker, ...defaults.circuit_breaker, ...row.circuit_breaker },
    // A key that a contract leaves out is not there at all, so none of these is undefined.
  } as EffectSettings;
}

/** Where no `max_delay` is given, the longest wait is at least the first one. */
const longerOf = (standard: string, initial: string): string =>
  (durationMs(initial) ?? 0) > (durationMs(standard) ?? 0) ? initial : standard;
