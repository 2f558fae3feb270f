import type { Domain } from "../core/domain.ts";
import { attemptRefOf, type Entity } from "../core/entity.ts";
import type { ArmedDeadline } from "../core/handler.ts";
import type { Message } from "../core/message.ts";
import { deadlineMessage } from "../core/runtime-messages.ts";
import { toRfc3339 } from "../core/time.ts";
import { type ReappliedStep, unjournaledRenewals } from "./entity-histories.ts";

/** A deadline fires within 2 s, and not before all records were taken that the log had 250 ms after it. */
const FIRING_DELAY_MAX_MS = 2_250;

/** The recorded run at the step that the planned run has reached. */
export interface RecordedMoment extends Pick<ReappliedStep, "line" | "domain" | "entity" | "before"> {
  /** The broker appended the step's message between these, ms since the epoch. */
  readonly earliestMs: number;
  readonly latestMs: number;
}

type PlannedDeadline =
  /** It would have fired before the step. */
  | { readonly kind: "fired"; readonly message: Message }
  /** It would have been renewed, and by how much is known. */
  | { readonly kind: "moved"; readonly name: string; readonly armed: ArmedDeadline }
  | { readonly kind: "unknown"; readonly reason: string }
  /** None is due. */
  | undefined;

/** What happens next to the planned entity's deadlines until the moment, as far as it can be known. */
export function plannedDeadlineUntil(edited: Domain, planned: Entity, moment: RecordedMoment): PlannedDeadline {
  const isSameAttempt = moment.before?.attempt.id === planned.attempt.id;
  const renewals = unjournaledRenewals(edited);
  const byTime = Object.entries(planned.deadlines).toSorted(([, a], [, b]) => a.at - b.at);
  for (const [name, armed] of byTime) {
    const recorded = isSameAttempt ? moment.before?.deadlines[name] : undefined;
    // The same deadline in both runs: it fires in the recorded order.
    if (recorded?.at === armed.at) continue;
    const renewal = renewals.get(name);
    if (renewal && recorded && recorded.renewedAt !== null && recorded.renewedAt > (armed.renewedAt ?? 0))
      return renewalUntil(name, armed, recorded.renewedAt, renewal, moment);
    if (moment.latestMs <= armed.at) continue;
    if (renewal && !recorded) return { kind: "unknown", reason: unknownRenewalReason(name, renewal.by) };
    if (moment.earliestMs > armed.at + FIRING_DELAY_MAX_MS)
      return { kind: "fired", message: deadlineMessage(attemptRefOf(planned.id, planned.attempt), name, armed) };
    const reason =
      `${name} is due at ${toRfc3339(armed.at)}, within ${FIRING_DELAY_MAX_MS} ms of the message: ` +
      "either could have come first";
    return { kind: "unknown", reason };
  }
  return undefined;
}

/** Of several renewals that are not journaled only the last one is known, from the deadline that a later step saw. */
function renewalUntil(
  name: string,
  armed: ArmedDeadline,
  renewedAt: number,
  { forMs, by }: { readonly forMs: number; readonly by: readonly string[] },
  { domain, entity, earliestMs }: RecordedMoment,
): PlannedDeadline {
  const at = Math.max(armed.at, renewedAt + forMs);
  const moved: PlannedDeadline = { kind: "moved", name, armed: { at, renewedAt } };
  if (renewedAt <= armed.at) return moved;
  // The recorded deadline did not fire in between, so one that is never shorter would not have either.
  const recordedForMs = unjournaledRenewals(domain).get(name)?.forMs ?? Infinity;
  if (forMs >= recordedForMs && armed.at >= (entity?.deadlines[name]?.at ?? Infinity)) return moved;
  // It fires in any case: after the last renewal nothing came for longer than the renewed deadline lasts.
  if (earliestMs > renewedAt + forMs + FIRING_DELAY_MAX_MS) return moved;
  return { kind: "unknown", reason: unknownRenewalReason(name, by) };
}

const unknownRenewalReason = (name: string, by: readonly string[]): string =>
  `whether ${name} would have been renewed in time hangs on ${by.join(" and ")}, which is not journaled`;
