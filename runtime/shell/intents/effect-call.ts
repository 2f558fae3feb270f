import type { EffectSpec } from "../../core/domain.ts";
import type { Outcome } from "../../core/effect.ts";
import { Fault } from "../../core/fault.ts";
import type { Intent } from "../../core/intent.ts";
import { attachTraceparent } from "../../core/trace.ts";
import type { Clock } from "../../ports/clock.ts";

/**
 * Asks an effect for these intents, for as long as its contract allows. Never rejects.
 * @param traceparent W3C traceparent that the call is part of
 * @returns one outcome each; UNAVAILABLE for those that the effect left without one
 */
export async function callEffect(
  clock: Clock,
  spec: EffectSpec,
  intents: readonly Intent[],
  traceparent?: string,
): Promise<readonly Outcome[]> {
  const abort = new AbortController();
  if (traceparent !== undefined) attachTraceparent(abort.signal, traceparent);
  const allUnavailable = (message: string, cause?: unknown): readonly Outcome[] =>
    intents.map(() => unavailableOutcome(spec, message, cause));
  let cancel = (): void => {};
  const timeout = new Promise<readonly Outcome[]>((resolve) => {
    cancel = clock.after(spec.timeoutMs, () => {
      abort.abort();
      resolve(allUnavailable(`no answer within ${spec.timeoutMs} ms; the outcome is unknown`));
    });
  });
  try {
    assertDistinctTargets(intents);
    const outcomesPromise = spec.effect.run(intents as readonly Intent<never>[], { signal: abort.signal });
    const outcomes = await Promise.race([outcomesPromise, timeout]);
    return intents.map((_, index) => outcomes[index] ?? unavailableOutcome(spec, "the effect gave no outcome for it"));
  } catch (error) {
    return allUnavailable(error instanceof Error ? error.message : String(error), error);
  } finally {
    cancel();
  }
}

/** An effect writes its batch with one statement or transaction, which must not write the same target twice. */
function assertDistinctTargets(intents: readonly Intent[]): void {
  if (new Set(intents.map(({ target }) => target)).size < intents.length)
    throw new Error("two intents of one batch have the same target");
}

const unavailableOutcome = ({ backend }: EffectSpec, message: string, cause?: unknown): Outcome => ({
  done: false,
  fault: new Fault("UNAVAILABLE", `${backend}: ${message}`, { retryable: true, cause }),
});
