import type { DeadlineSpec } from "../../core/domain.ts";
import { deadlineMessage } from "../../core/runtime-messages.ts";
import type { ByTopicPartition, LogEnds } from "../../ports/event-bus.ts";
import type { ShellContext } from "../shell-context.ts";
import { DeadlineIndex, type DueDeadline } from "./deadline-index.ts";
import { ExpiryGuard } from "./expiry-guard.ts";

/** The log's ends must be read at least this long after a deadline, by the broker's time. */
const WATERMARK_DELAY_MS = 250;
/** After service has resumed no deadline fires for min(its period, this): the grace. */
const GRACE_MAX_MS = 30_000;
/** When a deadline that the expiry guard holds is tried again. */
const HELD_RECHECK_MS = 500;

/**
 * Fires deadlines by the watermark rule: a message that reached the log before a deadline counts, even if it is read
 * after it. So a due deadline waits until all records were taken that the log had shortly after it.
 */
export class DeadlineScheduler {
  readonly index = new DeadlineIndex();
  readonly guard: ExpiryGuard;
  readonly #context: ShellContext;
  readonly #isInService: () => boolean;
  readonly #specs: ReadonlyMap<string, DeadlineSpec>;
  #waitingForLog: { readonly due: DueDeadline; readonly ends: ByTopicPartition<LogEnds> }[] = [];

  /** @param isInService whether bus and store are reachable; until they are no deadline fires */
  constructor(context: ShellContext, isInService: () => boolean) {
    this.#context = context;
    this.#isInService = isInService;
    this.guard = new ExpiryGuard(context, this.index);
    const specs = [...context.domain.orchestrator.states.values()].flatMap(({ deadline }) =>
      deadline ? [deadline] : [],
    );
    this.#specs = new Map(specs.map((spec) => [spec.name, spec]));
  }

  /** Ms until the next deadline needs the log's ends; 0 or less: now. */
  get logEndsNeededInMs(): number {
    const { nextAt = Number.POSITIVE_INFINITY } = this.index;
    return nextAt + WATERMARK_DELAY_MS - this.#context.brokerClock.nowMs();
  }

  /** @param askedAtMs broker time just before the request for `ends` */
  onLogEnds(askedAtMs: number, ends: ByTopicPartition<LogEnds>): void {
    for (const due of this.index.popDue(askedAtMs - WATERMARK_DELAY_MS))
      if (!this.#postponeInGrace(due)) this.#waitingForLog.push({ due, ends });
    this.fireReady();
  }

  /** Called after every turn, since the positions may have reached the ends of the log. */
  fireReady(): void {
    if (this.#waitingForLog.length === 0 || !this.#isInService()) return;
    const ready: DueDeadline[] = [];
    this.#waitingForLog = this.#waitingForLog.filter(({ due, ends }) => {
      if (due.partition.isLost || !this.index.isCurrent(due)) return false;
      if (!this.#hasReached(due, ends)) return true;
      // Service may have been interrupted while the deadline waited.
      if (!this.#postponeInGrace(due)) ready.push(due);
      return false;
    });
    const { brokerClock, held, limits } = this.#context;
    for (const due of ready.sort((a, b) => a.at - b.at)) {
      if (held.unreadable.has(due.entityId)) this.index.postpone(due, brokerClock.nowMs() + limits.unreadableRecheckMs);
      else if (this.guard.mayFire(due)) {
        this.index.markFired(due);
        this.#enqueueFiring(due);
      } else this.index.postpone(due, brokerClock.nowMs() + HELD_RECHECK_MS);
    }
  }

  dropLost(): void {
    this.#waitingForLog = this.#waitingForLog.filter(({ due }) => !due.partition.isLost);
    this.index.dropLost();
  }

  /** @returns whether the grace of resumed service is not over yet: then the deadline is due again at its end */
  #postponeInGrace(due: DueDeadline): boolean {
    const servedMs = this.#context.clock.monotonicMs() - due.partition.resumedAtMs;
    const graceLeftMs = Math.min(this.#periodMs(due), GRACE_MAX_MS) - servedMs;
    if (graceLeftMs > 0) this.index.postpone(due, this.#context.brokerClock.nowMs() + graceLeftMs);
    return graceLeftMs > 0;
  }

  #periodMs({ name, renewedAt }: DueDeadline): number {
    const spec = this.#specs.get(name);
    return (renewedAt === null ? spec?.afterMs : spec?.renewedForMs) ?? GRACE_MAX_MS;
  }

  #hasReached({ partition }: DueDeadline, ends: ByTopicPartition<LogEnds>): boolean {
    return this.#context.domain.consumed.every(({ topic }) => {
      const high = ends.get(topic)?.get(partition.number)?.high;
      return high !== undefined && (partition.positions.get(topic) ?? 0) >= high;
    });
  }

  /** A deadline fired but was not committed before service was interrupted: it is due again, with its grace. */
  rescheduleFiring(due: DueDeadline): void {
    if (!due.partition.isLost && this.index.isCurrent(due)) this.index.postpone(due, this.#context.brokerClock.nowMs());
  }

  #enqueueFiring(due: DueDeadline): void {
    const { brokerClock, clock, failpoint, inbox, observe } = this.#context;
    const { partition, entityId, attemptId, correlationId, name, at } = due;
    const message = deadlineMessage({ entityId, attemptId, correlationId }, name, due);
    failpoint("C11");
    observe({ kind: "deadline_fired", name, lateMs: brokerClock.nowMs() - at });
    inbox.push({ kind: "deadline", partition, message, due, firedAtMs: clock.monotonicMs() });
  }
}
