import type { System } from "../../app/host/compose.ts";
import type { EffectSpec } from "../../runtime/core/domain.ts";
import { failed, type Outcome } from "../../runtime/core/effect.ts";
import { Fault } from "../../runtime/core/fault.ts";

/** Makes an effect fail while `during` runs; the next try is an hour later. */
export const failing = (
  system: Pick<System, "domain">,
  type: string,
  during: () => Promise<unknown>,
  code = "UNAVAILABLE",
): Promise<void> => answering(system, type, failed(new Fault(code, "down", { retryable: true })), during);

/** The same with any answer. */
export async function answering(
  { domain }: Pick<System, "domain">,
  type: string,
  outcome: Outcome,
  during: () => Promise<unknown>,
): Promise<void> {
  const spec = domain.effects.get(type) as { -readonly [Key in keyof EffectSpec]: EffectSpec[Key] };
  const { effect, retry: policy } = spec;
  spec.effect = { ...effect, run: async (intents) => intents.map(() => outcome) };
  spec.retry = { ...policy, maxRetries: 5, initialDelayMs: 3_600_000, maxDelayMs: 3_600_000 };
  try {
    await during();
  } finally {
    spec.effect = effect;
    spec.retry = policy;
  }
}
