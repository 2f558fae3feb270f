import { Heap } from "../../runtime/shell/heap.ts";

interface Event {
  readonly atMs: number;
  readonly order: number;
  call: (() => void) | undefined;
}

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

  /** Lets time pass; `afterEach` is called when an event and all that followed from it by itself is over. */
  run(untilMs: number, afterEach: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      let ran = false;
      const turn = (): void => {
        try {
          if (ran) afterEach();
          ran = false;
          for (let next = this.#heap.first; next && next.atMs <= untilMs; next = this.#heap.first) {
            this.#heap.pop();
            if (!next.call) continue;
            this.#nowMs = next.atMs;
            this.events++;
            ran = true;
            next.call();
            // Promises settle before the loop's next turn, and nothing else is in it.
            setImmediate(turn);
            return;
          }
          this.#nowMs = Math.max(this.#nowMs, untilMs);
          resolve();
        } catch (error) {
          reject(error as Error);
        }
      };
      setImmediate(turn);
    });
  }
}
