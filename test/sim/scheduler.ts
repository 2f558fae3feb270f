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
  readonly #heap: Event[] = [];
  events = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  /** @returns cancels */
  after(delayMs: number, call: () => void): () => void {
    const event: Event = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, call };
    this.#push(event);
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
          for (let next = this.#heap[0]; next && next.atMs <= untilMs; next = this.#heap[0]) {
            this.#pop();
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

  #isBefore(a: Event, b: Event): boolean {
    return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let index = heap.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as Event;
      if (this.#isBefore(above, event)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      const [left, right] = [heap[child], heap[child + 1]];
      if (!left) break;
      if (right && this.#isBefore(right, left)) child++;
      const below = heap[child] as Event;
      if (this.#isBefore(last, below)) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = last;
  }
}
