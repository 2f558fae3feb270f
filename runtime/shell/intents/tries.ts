import type { Outcome } from "../../core/effect.ts";
import type { IntentTry } from "../../core/journal.ts";
import { toRfc3339 } from "../../core/time.ts";

const TRIES_MAX = 10;
const ERROR_LENGTH_MAX = 300;

/**
 * What failed calls an intent had: the first one, which tells how it began, and the latest. Their number is kept apart.
 */
export function appendTry(tries: readonly IntentTry[], latest: IntentTry): readonly IntentTry[] {
  if (tries.length < TRIES_MAX) return [...tries, latest];
  return [...tries.slice(0, 1), ...tries.slice(2), latest];
}

/**
 * What a call was for each of its outcomes. Of those that ended alike it is one object: thousands of intents that wait
 * for a backend tell the same.
 * @param beganMs broker time in ms; @param ms how long it took
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
