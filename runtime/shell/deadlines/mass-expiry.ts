import type { ExpiryGuardSpec } from "../../core/domain.ts";

interface Expiries {
  readonly guard: ExpiryGuardSpec;
  readonly renewedForMs: number;
  /** Broker time, ms since the epoch. */
  readonly nowMs: number;
  /** For when the deadlines of the state's entities are armed. */
  readonly armedFor: Iterable<number>;
  /** When entities expired lately, those apart that a hold or an operator's word let go. */
  readonly expiredAt: Iterable<number>;
  /** Deadlines up to here were let go by an operator: no sign of a new fault. */
  readonly allowedUntilMs: number;
}

export interface Verdict {
  readonly isMass: boolean;
  /** How many expired in the last third of `renewed_for` or are due in the next one; of how many. */
  readonly entities: number;
  readonly of: number;
}

/** Whether so many entities of a state expire at once that the fault is probably not theirs. Pure. */
export function massExpiry(expiries: Expiries): Verdict {
  const { guard, renewedForMs, nowMs, allowedUntilMs } = expiries;
  const thirdMs = renewedForMs / 3;
  let entities = 0;
  let of = 0;
  for (const at of expiries.armedFor) {
    of++;
    if (at <= nowMs + thirdMs && at > allowedUntilMs) entities++;
  }
  for (const at of expiries.expiredAt) {
    if (at < nowMs - thirdMs) continue;
    of++;
    entities++;
  }
  return { isMass: entities >= guard.minCount && entities >= guard.maxRatio * of, entities, of };
}
