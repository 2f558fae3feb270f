import type { ExpiryGuardSpec } from "../../core/domain.ts";

interface ExpiryTimes {
  readonly guard: ExpiryGuardSpec;
  readonly renewedForMs: number;
  /** Broker time, ms since the epoch. */
  readonly nowMs: number;
  /** For when the deadlines of the state's entities are armed. */
  readonly armedTimes: Iterable<number>;
  /** When entities expired lately, those apart that a hold or an operator's word let go. */
  readonly expiredAtMs: Iterable<number>;
  /** Deadlines up to here were let go by an operator: no sign of a new fault. */
  readonly releasedUntilMs: number;
}

export interface MassExpiryVerdict {
  readonly isMass: boolean;
  /** How many expired in the last third of `renewed_for` or are due in the next one; of how many. */
  readonly entities: number;
  readonly total: number;
}

/** Whether so many entities of a state expire at once that the fault is probably not theirs. Pure. */
export function judgeMassExpiry(input: ExpiryTimes): MassExpiryVerdict {
  const { guard, renewedForMs, nowMs, releasedUntilMs } = input;
  const thirdMs = renewedForMs / 3;
  let entities = 0;
  let total = 0;
  for (const at of input.armedTimes) {
    total++;
    if (at <= nowMs + thirdMs && at > releasedUntilMs) entities++;
  }
  for (const at of input.expiredAtMs) {
    if (at < nowMs - thirdMs) continue;
    total++;
    entities++;
  }
  return { isMass: entities >= guard.minCount && entities >= guard.maxRatio * total, entities, total };
}
