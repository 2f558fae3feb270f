import { derivedId } from "../../core/ids.ts";
import type { DeadlineSpec } from "../../core/domain.ts";
import type { Message } from "../../core/message.ts";
import { toRfc3339 } from "../../core/time.ts";
import type { ByTopicPartition, LogEnds } from "../../ports/event-bus.ts";
import { DeadlineIndex, type Due } from "./deadline-index.ts";
import { ExpiryGuard } from "./expiry-guard.ts";
import type { ShellParts } from "../shell-context.ts";

/** A request for the log's ends must begin this much after a deadline, by the broker's time. */
const SETTLE_MS = 250;
/** No deadline fires before min(its period, this) of resumed service. */
const GRACE_MAX_MS = 30_000;
/** When a deadline whose expiry is held is looked at again. */
const HELD_MS = 500;

/**
 * Fires deadlines by the watermark rule: what reached the log before a deadline wins, even if it is read after it.
 * A due deadline waits until everything that the log held a little later was taken in.
 */
export class DeadlineWatch {
  readonly index = new DeadlineIndex();
  readonly guard: ExpiryGuard;
  readonly #parts: ShellParts;
  readonly #isServed: () => boolean;
  readonly #specs: ReadonlyMap<string, DeadlineSpec>;
  #waiting: { readonly due: Due; readonly ends: ByTopicPartition<LogEnds> }[] = [];

  /** @param isServed whether bus and store are known to be in reach; what is due waits until they are */
  constructor(parts: ShellParts, isServed: () => boolean) {
    this.#parts = parts;
    this.#isServed = isServed;
    this.guard = new ExpiryGuard(parts, this.index);
    const specs = [...parts.domain.orchestrator.states.values()].flatMap(({ deadline }) =>
      deadline ? [deadline] : [],
    );
    this.#specs = new Map(specs.map((spec) => [spec.name, spec]));
  }

  /** Ms until a request for the log's ends is wanted: 0 and less is now. */
  get dueInMs(): number {
    const next = this.index.nextAt;
    return next === undefined ? Number.POSITIVE_INFINITY : next + SETTLE_MS - this.#parts.brokerClock.nowMs();
  }

  /** @param askedAtMs broker time just before the request for `ends` */
  onEnds(askedAtMs: number, ends: ByTopicPartition<LogEnds>): void {
    for (const due of this.index.takeDue(askedAtMs - SETTLE_MS))
      if (!this.#isPostponed(due)) this.#waiting.push({ due, ends });
    this.fire();
  }

  /** Called after every turn: positions may have reached the ends. */
  fire(): void {
    if (this.#waiting.length === 0 || !this.#isServed()) return;
    const ready: Due[] = [];
    this.#waiting = this.#waiting.filter(({ due, ends }) => {
      if (due.partition.lost || !this.index.isCurrent(due)) return false;
      if (!this.#reached(due, ends)) return true;
      // Service may have been interrupted while it waited.
      if (!this.#isPostponed(due)) ready.push(due);
      return false;
    });
    for (const due of ready.sort((a, b) => a.at - b.at)) {
      if (this.guard.allows(due)) {
        this.index.fired(due);
        this.#push(due);
      } else this.index.postpone(due, this.#parts.brokerClock.nowMs() + HELD_MS);
    }
  }

  dropLost(): void {
    this.#waiting = this.#waiting.filter(({ due }) => !due.partition.lost);
    this.index.dropLost();
  }

  /** In the grace of resumed service it is looked at again behind it. */
  #isPostponed(due: Due): boolean {
    const servedMs = this.#parts.clock.monotonicMs() - due.partition.resumedAtMs;
    const graceLeftMs = Math.min(this.#periodMs(due), GRACE_MAX_MS) - servedMs;
    if (graceLeftMs > 0) this.index.postpone(due, this.#parts.brokerClock.nowMs() + graceLeftMs);
    return graceLeftMs > 0;
  }

  #periodMs({ name, renewedAt }: Due): number {
    const spec = this.#specs.get(name);
    return (renewedAt === null ? spec?.afterMs : spec?.renewedForMs) ?? GRACE_MAX_MS;
  }

  #reached({ partition }: Due, ends: ByTopicPartition<LogEnds>): boolean {
    return this.#parts.domain.consumed.every(({ topic }) => {
      const high = ends.get(topic)?.get(partition.number)?.high;
      return high !== undefined && (partition.positions.get(topic) ?? 0) >= high;
    });
  }

  /**
   * What was fired and could not be committed before service was interrupted: it is looked at again, with its grace.
   */
  takeBack(due: Due): void {
    if (!due.partition.lost && this.index.isCurrent(due)) this.index.postpone(due, this.#parts.brokerClock.nowMs());
  }

  #push(due: Due): void {
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
    this.#parts.failpoint("C11");
    this.#parts.observe({ kind: "deadline_fired", name, lateMs: this.#parts.brokerClock.nowMs() - at });
    const firedAtMs = this.#parts.clock.monotonicMs();
    this.#parts.inbox.push({ kind: "deadline", partition, message, due, firedAtMs });
  }
}
