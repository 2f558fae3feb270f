import type { Domain } from "../../../runtime/core/domain.ts";
import { Fault } from "../../../runtime/core/fault.ts";
import type { RecordPlace } from "../../../runtime/ports/event-bus.ts";
import type { Followed } from "../../../runtime/shell/follow/followed.ts";
import type { FollowedMessage } from "../../../runtime/shell/follow/follower.ts";
import type { Machine } from "../machine.ts";
import { attemptOf, type ExpectedAnswers, type Group } from "./expected-answers.ts";

/** What no notice tells is read after 250 ms; the rest is what reading takes, a line of the past after the other. */
export const LATE_MS = 600;
const LATE_A_LINE_MS = 10;

/** The slowest caller reads after that time again. */
export const READS_AGAIN_MS = 2_000;

export interface Caller {
  readonly machine: Machine;
  /** Of its process when it asked. */
  readonly domain: Domain;
  /** It takes its time between two answers: what it hears may be late. */
  readonly isSlow: boolean;
  readonly isStopping: () => boolean;
}

interface AskedParts {
  readonly report: (what: string) => void;
  readonly nowMs: () => number;
  readonly isExcused: () => boolean;
  /** Undefined: no turn has written anything of the message. */
  readonly expected: () => ExpectedAnswers | undefined;
  readonly isPassed: (place: RecordPlace) => boolean;
  /** Of its entity. */
  readonly groups: () => readonly Group[];
  readonly ended: (reason: string) => void;
}

const NOTHING: ExpectedAnswers = { begin: 0, takenAtMs: 0, isAboutNothing: false, told: [], end: undefined };

/** One who has asked, and what it has heard. */
export class Asked {
  readonly #message: FollowedMessage;
  readonly #caller: Caller;
  readonly #parts: AskedParts;
  /** Lines that it heard of. */
  readonly #heard: number[] = [];
  #followsFromMs: number | undefined;
  /** What is committed from then on it can't miss. */
  #joinedAtMs: number | undefined;
  /** It heard that its message was taken and left no line. */
  #isTaken = false;
  #place: RecordPlace | undefined;
  #timeOverAtMs: number | undefined;
  #end: string | undefined;

  constructor(message: FollowedMessage, caller: Caller, parts: AskedParts) {
    this.#message = message;
    this.#caller = caller;
    this.#parts = parts;
  }

  timeIsOver(): void {
    this.#timeOverAtMs = this.#parts.nowMs();
  }

  /** Its message's topic is not journaled. */
  liesAt(place: RecordPlace): void {
    this.#place = place;
  }

  /** Its message is published only now. */
  publishes(): void {
    this.#joinedAtMs = this.#parts.nowMs();
  }

  follows(): void {
    this.#followsFromMs = this.#parts.nowMs();
    this.#joinedAtMs ??= this.#followsFromMs;
  }

  hear(item: Followed): void {
    if (this.#end !== undefined) this.#report(`hears ${item.kind} after its end`);
    if (item.kind === "end") return this.#hearEnd(item.reason);
    if (item.kind === "taken") return this.#hearTaken(item.entity);
    const { seq } = item.line;
    if (item.kind === "step") this.#checkEntity(item);
    if (this.#isTaken) this.#checkNext(seq);
    else {
      const wanted = this.#parts.expected()?.told[this.#heard.length]?.head.seq;
      if (wanted !== seq)
        this.#report(`hears of line ${seq} after ${this.#heard.join(", ") || "none"}, not of ${wanted}`);
    }
    this.#heard.push(seq);
  }

  /** The stream of answers has ended. */
  isOver(): void {
    if (this.#end === undefined) this.#report("hears no more, without an end");
  }

  fail(error: unknown): void {
    const isAway = error instanceof Fault && error.retryable && this.#parts.isExcused();
    if (!isAway && !this.#caller.isStopping()) this.#report(`fails: ${String(error)}`);
    this.#finish("failed");
  }

  checkLateness(): void {
    if (!this.#caller.machine.isRunning || this.#caller.isSlow || this.#caller.isStopping()) return;
    if (!this.#parts.isExcused()) this.#checkOverdue();
  }

  mustHaveEnded(): void {
    const isTimeOver = (this.#timeOverAtMs ?? Number.POSITIVE_INFINITY) < this.#parts.nowMs() - READS_AGAIN_MS;
    if (isTimeOver && !this.#caller.machine.isDead) this.#report("never comes to an end");
  }

  #hearEnd(reason: string): void {
    this.#finish(reason);
    if (reason === "complete" || reason === "purged") return this.#checkComplete(reason);
    const isItsTime = reason === "not_taken" || reason === "aborted";
    if (isItsTime ? this.#timeOverAtMs === undefined : reason !== "stopped" || !this.#caller.isStopping())
      this.#report(`hears "${reason}" before its time is over`);
    if (reason === "not_taken" && (this.#heard.length > 0 || this.#isTaken))
      this.#report("hears that no turn took its message, after it heard of it");
    this.checkLateness();
  }

  #checkComplete(reason: string): void {
    if (this.#isTaken) return;
    const { told, end } = this.#parts.expected() ?? NOTHING;
    if (end?.reason !== reason || told.length !== this.#heard.length)
      this.#report(
        `hears "${reason}" after the lines ${this.#heard.join(", ") || "none"}; ` +
          `"${end?.reason ?? "nothing yet"}" is to come after ${told.map(({ head }) => head.seq).join(", ")}`,
      );
  }

  #hearTaken(entity: unknown): void {
    if (this.#isTaken || this.#heard.length > 0) this.#report("hears a second time that its message was taken");
    this.#isTaken = true;
    if (this.#isLate) {
      if (entity) this.#report("hears of an entity that was not there when its message was taken");
    } else if (!this.#place || !this.#parts.isPassed(this.#place))
      this.#report("hears that its message was taken, and it was not");
    const step = this.#parts.expected()?.told[0];
    if (step && step.atMs > (this.#followsFromMs ?? Number.POSITIVE_INFINITY))
      this.#report(`hears that its message left no line, and it left ${step.head.seq}`);
  }

  /** Which attempt it follows is seen by the first line that it hears of: each later one of that attempt comes next. */
  #checkNext(seq: number): void {
    const groups = this.#parts.groups();
    const at = groups.findIndex(({ head }) => head.seq === seq);
    const last = this.#heard.at(-1);
    const lastAt = last === undefined ? at - 1 : groups.findIndex(({ head }) => head.seq === last);
    const attempt = attemptOf(groups[at]);
    const between = groups.slice(lastAt + 1, at).filter(({ head }) => head.kind === "message");
    if (at <= lastAt || between.some((group) => attemptOf(group) === attempt))
      this.#report(`hears of line ${seq} of ${attempt} next to line ${last}`);
  }

  #checkEntity({ line, events, entity }: Followed & { kind: "step" }): void {
    const seqs = events.map(({ value }) => Number(/"entity_seq":(\d+)/.exec(value)?.[1] ?? 0));
    if (entity && entity.seq < Math.max(0, ...seqs))
      this.#report(
        `hears of line ${line.seq} with the entity at ${entity.seq}, older than its events ${seqs.join(", ")}`,
      );
  }

  #checkOverdue(): void {
    if (this.#isTaken || this.#followsFromMs === undefined || this.#isLate) return;
    const fromMs = this.#followsFromMs;
    const { begin, takenAtMs, told, end } = this.#parts.expected() ?? NOTHING;
    if (told.length === this.#heard.length && !end) return;
    const past = this.#parts.groups().filter(({ atMs }, nth) => nth >= begin && atMs <= fromMs);
    const next = told[this.#heard.length];
    const atMs = next?.atMs ?? end?.atMs;
    const lateMs = this.#parts.nowMs() - Math.max(fromMs, takenAtMs, atMs ?? Number.POSITIVE_INFINITY);
    if (lateMs > LATE_MS + LATE_A_LINE_MS * past.length)
      this.#report(
        `has not heard of ${next ? `line ${next.head.seq}` : `"${end?.reason}"`} for ${Math.round(lateMs)} ms`,
      );
  }

  /** Its message was taken before it followed, and nothing leads to the line. */
  get #isLate(): boolean {
    const { isAboutNothing, takenAtMs } = this.#parts.expected() ?? NOTHING;
    return isAboutNothing && this.#heard.length === 0 && takenAtMs <= (this.#joinedAtMs ?? Number.POSITIVE_INFINITY);
  }

  #finish(reason: string): void {
    this.#end ??= reason;
    this.#parts.ended(reason);
  }

  #report(what: string): void {
    const { entityId, messageId, reading } = this.#message;
    const { name } = this.#caller.machine;
    this.#parts.report(`who follows ${messageId} of ${entityId} (${reading}) in ${name} ${what}`);
  }
}
