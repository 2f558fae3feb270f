import type { Domain } from "../core/domain.ts";
import type { Entity } from "../core/entity.ts";
import type { ArmedDeadline } from "../core/handler.ts";
import { derivedId } from "../core/ids.ts";
import type { Message } from "../core/message.ts";
import { unjournaledRenewals } from "./reapply.ts";
import { toRfc3339 } from "../core/time.ts";

/** A deadline fires within 2 s of its time, and not before everything that the log held 250 ms later was taken in. */
const FIRING_DELAY_MAX_MS = 2_250;

/** The recorded run where the planned one stands. */
export interface RecordedMoment {
  readonly domain: Domain;
  /** As folded from the journal, and with its deadlines as the step saw them. */
  readonly replayedEntity: Entity | undefined;
  readonly seenEntity: Entity | undefined;
  /** The broker took the message in between these, ms since the epoch. */
  readonly earliestMs: number;
  readonly latestMs: number;
}

export type PlannedDeadline =
  | { readonly kind: "not due" }
  /** It would have fired before the moment. */
  | { readonly kind: "fired"; readonly message: Message }
  /** Moved meanwhile, and known by how much. */
  | { readonly kind: "moved"; readonly name: string; readonly armed: ArmedDeadline }
  | { readonly kind: "unknown"; readonly reason: string };

/** What became of the planned entity's deadlines until the moment, as far as it can be known. */
export function plannedDeadlineUntil(edited: Domain, planned: Entity, moment: RecordedMoment): PlannedDeadline {
  const isSameAttempt = moment.seenEntity?.attempt.id === planned.attempt.id;
  const renewals = unjournaledRenewals(edited);
  const byTime = Object.entries(planned.deadlines).toSorted(([, a], [, b]) => a.at - b.at);
  for (const [name, armed] of byTime) {
    const recorded = isSameAttempt ? moment.seenEntity?.deadlines[name] : undefined;
    // The same deadline in both: the recorded order is the planned one.
    if (recorded?.at === armed.at) continue;
    const renewal = renewals.get(name);
    if (renewal && recorded && recorded.renewedAt !== null && recorded.renewedAt > (armed.renewedAt ?? 0))
      return renewalUntil(name, armed, recorded.renewedAt, renewal, moment);
    if (moment.latestMs <= armed.at) continue;
    if (renewal && !recorded) return { kind: "unknown", reason: unknownRenewalReason(name, renewal.by) };
    if (moment.earliestMs > armed.at + FIRING_DELAY_MAX_MS)
      return { kind: "fired", message: deadlineMessage(planned, name, armed) };
    const reason =
      `${name} is due at ${toRfc3339(armed.at)}, within ${FIRING_DELAY_MAX_MS} ms of the message: ` +
      "either could have come first";
    return { kind: "unknown", reason };
  }
  return { kind: "not due" };
}

/** Of renewals that are not journaled the last one is known: by the deadline that a later step saw. */
function renewalUntil(
  name: string,
  armed: ArmedDeadline,
  renewedAt: number,
  { forMs, by }: { readonly forMs: number; readonly by: readonly string[] },
  { domain, replayedEntity, earliestMs }: RecordedMoment,
): PlannedDeadline {
  const at = Math.max(armed.at, renewedAt + forMs);
  const moved: PlannedDeadline = { kind: "moved", name, armed: { at, renewedAt } };
  if (renewedAt <= armed.at) return moved;
  // Where the recorded deadline lived on, one that is never shorter did too.
  const recordedForMs = unjournaledRenewals(domain).get(name)?.forMs ?? Infinity;
  if (forMs >= recordedForMs && armed.at >= (replayedEntity?.deadlines[name]?.at ?? Infinity)) return moved;
  // Over in any case: after the last renewal nothing came for longer than it lasts.
  if (earliestMs > renewedAt + forMs + FIRING_DELAY_MAX_MS) return moved;
  return { kind: "unknown", reason: unknownRenewalReason(name, by) };
}

const unknownRenewalReason = (name: string, by: readonly string[]): string =>
  `whether ${name} would have been renewed in time hangs on ${by.join(" and ")}, which is not journaled`;

/** As the shell makes it. */
export function deadlineMessage({ id, attempt }: Entity, name: string, { at, renewedAt }: ArmedDeadline): Message {
  const deadlineAt = toRfc3339(at);
  return {
    kind: "deadline",
    type: `deadline(${name})`,
    id: derivedId("deadline", attempt.id, name, deadlineAt),
    entityId: id,
    correlationId: attempt.correlationIds[0] ?? "",
    payload: { deadline_at: deadlineAt, renewed_at: renewedAt === null ? null : toRfc3339(renewedAt) },
    now: at,
    attemptId: attempt.id,
  };
}
