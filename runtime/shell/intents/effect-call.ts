import type { EffectSpec } from "../../core/domain.ts";
import { failed, type Outcome } from "../../core/effect.ts";
import { Fault } from "../../core/fault.ts";
import type { Intent } from "../../core/intent.ts";
import type { IntentTry } from "../../core/journal.ts";
import { toRfc3339 } from "../../core/time.ts";
import { attachTraceparent } from "../../core/trace.ts";
import type { Clock } from "../../ports/clock.ts";
import { withTimeout } from "../timeout.ts";

const TRIES_MAX = 10;
const ERROR_LENGTH_MAX = 300;

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
    assertDistinctTargets(intents);
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

/** An effect writes its batch with one statement or transaction, which must not write the same target twice. */
function assertDistinctTargets(intents: readonly Intent[]): void {
  if (new Set(intents.map(({ target }) => target)).size < intents.length)
    throw new Error("two intents of one batch have the same target");
}

/**
 * What a failed call means for its intent: another try, or its end.
 * @param failedTries with this one
 * @param hasYounger whether a newer intent of the same target waits
 */
export function afterFailure(
  { maxRetries, retryOn }: EffectSpec["retry"],
  fault: Fault,
  failedTries: number,
  hasYounger: boolean,
): "retried" | "superseded_intent" | "failed" {
  if (maxRetries === "unlimited") return hasYounger ? "superseded_intent" : "retried";
  return isPermanent(retryOn, fault) || failedTries > maxRetries ? "failed" : "retried";
}

/** Whether the contract does not want the fault to be tried again. */
export const isPermanent = (retryOn: ReadonlySet<string> | undefined, { code, retryable }: Fault): boolean =>
  retryOn ? !retryOn.has(code) : !retryable;

/** Keeps the first call, which shows how the trouble began, and the latest ones. */
export function appendTry(tries: readonly IntentTry[], latest: IntentTry): readonly IntentTry[] {
  if (tries.length < TRIES_MAX) return [...tries, latest];
  return [...tries.slice(0, 1), ...tries.slice(2), latest];
}

/**
 * Makes the records of one call for its intents. Equal records are one object, since thousands of intents may wait for
 * the same backend.
 * @param beganMs broker time, ms since the epoch
 * @param ms the call's duration
 */
export function tryRecorder(beganMs: number, ms: number): (outcome: Outcome) => IntentTry {
  const call = { at: toRfc3339(beganMs), ms: Math.round(ms) };
  const tryByError = new Map<string, IntentTry>();
  return ({ fault }) => {
    if (!fault) return call;
    const { code, message } = fault;
    const key = `${code} ${message}`;
    let tried = tryByError.get(key);
    if (!tried) tryByError.set(key, (tried = { ...call, code, error: message.slice(0, ERROR_LENGTH_MAX) }));
    return tried;
  };
}
