import type { EffectSpec } from "../../core/domain.ts";
import { failed, type Outcome } from "../../core/effect.ts";
import { Fault } from "../../core/fault.ts";
import type { Intent } from "../../core/intent.ts";
import { attachTraceparent } from "../../core/trace.ts";
import type { Clock } from "../../ports/clock.ts";
import { withTimeout } from "../timeout.ts";

/**
 * Calls an effect for these intents, with its contract's timeout. Never rejects.
 * @param traceparent W3C traceparent that the call is part of
 * @returns one outcome for each intent; UNAVAILABLE where the effect gave none
 */
export async function callEffect(
  clock: Clock,
  spec: EffectSpec,
  intents: readonly Intent[],
  traceparent?: string,
): Promise<readonly Outcome[]> {
  const unavailable = (message: string, cause?: unknown): Outcome =>
    failed(new Fault("UNAVAILABLE", `${spec.backend}: ${message}`, { retryable: true, cause }));
  try {
    const outcomes = await withTimeout(clock, spec.timeoutMs, (signal) => {
      if (traceparent !== undefined) attachTraceparent(signal, traceparent);
      return spec.effect.run(intents as readonly Intent<never>[], { signal });
    });
    return intents.map((_, index) => outcomes[index] ?? unavailable("the effect gave no outcome for it"));
  } catch (error) {
    const outcome = unavailable(error instanceof Error ? error.message : String(error), error);
    return intents.map(() => outcome);
  }
}
