interface Waiting {
  readonly atMs: number;
  readonly resolve: () => void;
}

/** A clock that only a test moves, for any number of agents. */
export class MovedTime {
  nowMs = 0;
  #waiting: Waiting[] = [];

  readonly pause = (ms: number): Promise<void> =>
    new Promise((resolve) => void this.#waiting.push({ atMs: this.nowMs + ms, resolve }));

  /** Everything that is due until then happens, in order. */
  async runUntil(untilMs: number): Promise<void> {
    for (;;) {
      // All that follows from what happened before: until nothing but time can go on.
      await new Promise((resolve) => setImmediate(resolve));
      const nextMs = Math.min(...this.#waiting.map(({ atMs }) => atMs));
      if (nextMs > untilMs) break;
      this.nowMs = nextMs;
      const due = this.#waiting.filter(({ atMs }) => atMs <= nextMs);
      this.#waiting = this.#waiting.filter(({ atMs }) => atMs > nextMs);
      for (const { resolve } of due) resolve();
    }
    this.nowMs = untilMs;
  }
}

/** In [0, 1), the same numbers for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
