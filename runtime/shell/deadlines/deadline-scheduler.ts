import { derivedId } from "../../core/ids.ts";
import type { DeadlineSpec } from "../../core/domain.ts";
import type { Message } from "../../core/message.ts";
import { toRfc3339 } from "../../core/time.ts";
import type { ByTopicPartition, LogEnds } from "../../ports/event-bus.ts";
import { DeadlineIndex, type DueDeadline } from "./deadline-index.ts";
import { ExpiryGuard } from "./expiry-guard.ts";
import type { ShellContext } from "../shell-context.ts";

/** A request for the log's ends must begin this much after a deadline, by the broker's time. */
const WATERMARK_DELAY_MS = 250;
/** No deadline fires before min(its period, this) of resumed service. */
const GRACE_MAX_MS = 30_000;
/** When a deadline whose expiry is held is looked at again. */
const HELD_RECHECK_MS = 500;

/**
 * Fires deadlines by the watermark rule: what reached the log before a deadline wins, even if it is read after it.
 * A due deadline waits until everything that the log held a little later was taken in.
 */
export class DeadlineScheduler {
  readonly index = new DeadlineIndex();
  readonly guard: ExpiryGuard;
  readonly #context: ShellContext;
  readonly #isInService: () => boolean;
  readonly #specs: ReadonlyMap<string, DeadlineSpec>;
  #waitingForLog: { readonly due: DueDeadline; readonly ends: ByTopicPartition<LogEnds> }[] = [];

  /** @param isInService whether bus and store are known to be in reach; what is due waits until they are */
  constructor(context: ShellContext, isInService: () => boolean) {
    this.#context = context;
    this.#isInService = isInService;
    this.guard = new ExpiryGuard(context, this.index);
    const specs = [...context.domain.orchestrator.states.values()].flatMap(({ deadline }) =>
      deadline ? [deadline] : [],
    );
    this.#specs = new Map(specs.map((spec) => [spec.name, spec]));
  }

  /** Ms until a request for the log's ends is wanted: 0 and less is now. */
  get logEndsNeededInMs(): number {
    const next = this.index.nextAt;
    return next === undefined
      ? Number.POSITIVE_INFINITY
      : next + WATERMARK_DELAY_MS - this.#context.brokerClock.nowMs();
  }

  /** @param askedAtMs broker time just before the request for `ends` */
  onLogEnds(askedAtMs: number, ends: ByTopicPartition<LogEnds>): void {
    for (const due of this.index.popDue(askedAtMs - WATERMARK_DELAY_MS))
      if (!this.#postponeInGrace(due)) this.#waitingForLog.push({ due, ends });
    this.fireReady();
  }

  /** Called after every turn: positions may have reached the ends. */
  fireReady(): void {
    if (this.#waitingForLog.length === 0 || !this.#isInService()) return;
    const ready: DueDeadline[] = [];
    this.#waitingForLog = this.#waitingForLog.filter(({ due, ends }) => {
      if (due.partition.isLost || !this.index.isCurrent(due)) return false;
      if (!this.#hasReached(due, ends)) return true;
      // Service may have been interrupted while it waited.
      if (!this.#postponeInGrace(due)) ready.push(due);
      return false;
    });
    for (const due of ready.sort((a, b) => a.at - b.at)) {
      if (this.guard.mayFire(due)) {
        this.index.markFired(due);
        this.#enqueueFiring(due);
      } else this.index.postpone(due, this.#context.brokerClock.nowMs() + HELD_RECHECK_MS);
    }
  }

  dropLost(): void {
    this.#waitingForLog = this.#waitingForLog.filter(({ due }) => !due.partition.isLost);
    this.index.dropLost();
  }

  /** In the grace of resumed service it is looked at again behind it. */
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

  /**
   * What was fired and could not be committed before service was interrupted: it is looked at again, with its grace.
   */
  rescheduleFiring(due: DueDeadline): void {
    if (!due.partition.isLost && this.index.isCurrent(due)) this.index.postpone(due, this.#context.brokerClock.nowMs());
  }

  #enqueueFiring(due: DueDeadline): void {
    const { partition, entityId, attemptId, correlationId, name, at, renewedAt } = due;
    const deadlineAt = toRfc3339(at);
    const message: Message = {
      kind: "deadline",
      type: `deadline(${name})`,
      id: derivedId("deadline", attemptId, name, deadlineAt),
      entityId,
      correlationId,
      payload: { deadline_at: deadlineAt, renewed_at: renewedAt === null ? null : toRfc3339(renewedAt) },
      now: at,
      attemptId,
    };
    this.#context.failpoint("C11");
    this.#context.observe({ kind: "deadline_fired", name, lateMs: this.#context.brokerClock.nowMs() - at });
    const firedAtMs = this.#context.clock.monotonicMs();
    this.#context.inbox.push({ kind: "deadline", partition, message, due, firedAtMs });
  }
}
