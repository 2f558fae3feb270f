import type { ExpiryGuardSpec } from "../../core/domain.ts";

interface ExpiryTimes {
  readonly guard: ExpiryGuardSpec;
  readonly renewedForMs: number;
  /** Broker time, ms since the epoch. */
  readonly nowMs: number;
  /** Times of the armed deadlines of the state's entities. */
  readonly armedTimes: Iterable<number>;
  /** When entities expired recently, without those that a hold or an operator released. */
  readonly expiredAtMs: Iterable<number>;
  /** An operator released deadlines up to this time, so they are no sign of a new fault. */
  readonly releasedUntilMs: number;
}

export interface MassExpiryVerdict {
  readonly isMass: boolean;
  /** How many of `total` expired in the last third of `renewed_for`, or are due in the next third. */
  readonly entities: number;
  readonly total: number;
}

/** Whether so many entities of a state expire at once that the fault is probably ours and not theirs. Pure. */
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
