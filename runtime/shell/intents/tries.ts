import type { Outcome } from "../../core/effect.ts";
import type { IntentTry } from "../../core/journal.ts";
import { toRfc3339 } from "../../core/time.ts";

const TRIES_MAX = 10;
const ERROR_LENGTH_MAX = 300;

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
  return (outcome) => {
    if (outcome.done) return call;
    const { code, message } = outcome.fault;
    const key = `${code} ${message}`;
    let tried = tryByError.get(key);
    if (!tried) tryByError.set(key, (tried = { ...call, code, error: message.slice(0, ERROR_LENGTH_MAX) }));
    return tried;
  };
}
