import { Heap } from "../../runtime/shell/deadlines/heap.ts";

interface Event {
  readonly atMs: number;
  readonly order: number;
  call: (() => void) | undefined;
}

const TURNS_A_ROUND = 64;

/**
 * Simulated time and everything that is to happen in it. What happens at one time happens in the order in which it was
 * asked for; chance is in the delays. Between two events every promise that can settle has settled.
 */
export class Scheduler {
  #nowMs = 0;
  #order = 0;
  readonly #heap = new Heap<Event>((a, b) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order));
  events = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  /** @returns cancels */
  after(delayMs: number, call: () => void): () => void {
    const event: Event = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, call };
    this.#heap.push(event);
    return () => (event.call = undefined);
  }

  /** Lets time pass; `afterEach` is called after each event, when the promises it caused have settled. */
  run(untilMs: number, afterEach: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      let [ran, isOver, asked] = [false, false, 0];
      const turn = (): void => {
        asked--;
        if (isOver) return;
        try {
          if (ran) afterEach();
          ran = this.#next(untilMs);
          isOver = !ran;
          if (isOver) resolve();
        } catch (error) {
          isOver = true;
          reject(error as Error);
        }
        ask();
      };
      // Promises settle between two immediates, and nothing else does. Many at once: each round of the loop asks the
      // kernel.
      const ask = (): void => {
        if (asked === 0 && !isOver) for (; asked < TURNS_A_ROUND; asked++) setImmediate(turn);
      };
      ask();
    });
  }

  /** The next event's call, in its time. @returns false when there is none until then */
  #next(untilMs: number): boolean {
    for (let next = this.#heap.first; next && next.atMs <= untilMs; next = this.#heap.first) {
      this.#heap.pop();
      if (!next.call) continue;
      this.#nowMs = next.atMs;
      this.events++;
      next.call();
      return true;
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
    return false;
  }
}
