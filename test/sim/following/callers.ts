import type { RecordPlace } from "../../../runtime/ports/event-bus.ts";
import type { AnswersCheck } from "../checks/answers.ts";
import { READS_AGAIN_MS } from "../checks/asked.ts";
import type { Machine } from "../machine.ts";
import type { Process } from "../process.ts";
import type { Random } from "../random.ts";
import type { Sent } from "./sent.ts";

interface CallersParts {
  readonly random: Random;
  readonly answers: AnswersCheck;
  /** Topics whose records may leave nothing in the journal. */
  readonly unjournaled: readonly string[];
  readonly processes: () => readonly Process[];
  readonly addToTranscript: (text: () => string) => void;
}

const READINGS = ["answers", "attempt", "attempt_from_message"] as const;
/** No caller waits longer: a history's last phase is longer than that. */
const WAITS_MAX_MS = 60_000;

/** Callers of processes: each sends a message through one and follows it, or asks later for what became of it. */
export class Callers {
  readonly #parts: CallersParts;
  /** Of the messages that are sent. Not in every history: while nobody waits nothing is read. */
  readonly #share: number;

  constructor(parts: CallersParts) {
    this.#parts = parts;
    this.#share = parts.random.pick([0, 0.04, 0.2]);
    parts.answers.isWatching = this.#share > 0;
  }

  send(sent: Sent): void {
    const { random, processes, unjournaled } = this.#parts;
    const process = random.chance(this.#share) && random.pick(processes().filter(({ isServing }) => isServing));
    if (!process) return sent.publish();
    const isJournaled = !unjournaled.includes(sent.topic);
    void this.#ask(process, sent, { isJournaled, isLate: isJournaled && sent.isReadable && random.chance(0.3) });
  }

  async #ask(process: Process, sent: Sent, how: { readonly isJournaled: boolean; readonly isLate: boolean }) {
    const { random, answers, addToTranscript } = this.#parts;
    const { machine, domain } = process;
    const { entityId, messageId } = sent;
    const message = { entityId, messageId, reading: random.pick(READINGS) };
    const readsAfterMs = random.chance(0.2) ? random.next() * READS_AGAIN_MS : 0;
    const asked = answers.ask(message, {
      machine,
      domain,
      isSlow: readsAfterMs > 0,
      isStopping: () => process.isStopping,
    });
    const tell = (what: string): void =>
      addToTranscript(() => `    a caller of ${machine.name}, of ${messageId} (${message.reading}): ${what}`);
    tell(how.isLate ? "follows it later" : "sends and follows it");
    const time = new AbortController();
    machine.after(random.chance(0.4) ? random.next() * 3_000 : random.next() * WAITS_MAX_MS, () => {
      tell("its time is over");
      asked.timeIsOver();
      time.abort();
    });
    let isPublished = false;
    const publish = (): Promise<RecordPlace | undefined> => {
      isPublished = true;
      if (!how.isLate) asked.publishes();
      return new Promise((resolve) =>
        sent.publish((place) => {
          if (!how.isJournaled) asked.liesAt(place);
          machine.after(random.next() * 3, () => resolve(how.isJournaled ? undefined : place));
        }),
      );
    };
    if (how.isLate) {
      void publish();
      await later(machine, random.next() * 3_000);
    }
    try {
      const told = await process.followers.follow({ ...message, signal: time.signal, ...(!how.isLate && { publish }) });
      asked.follows();
      for await (const item of told) {
        tell(item.kind === "step" ? `line ${item.line.seq}` : item.kind === "end" ? item.reason : item.kind);
        asked.hear(item);
        if (readsAfterMs > 0) await later(machine, readsAfterMs);
      }
      asked.isOver();
    } catch (error) {
      asked.fail(error);
      // Through another process.
      if (!isPublished) sent.publish();
    }
  }
}

const later = (machine: Machine, ms: number): Promise<void> => new Promise((resolve) => machine.after(ms, resolve));
