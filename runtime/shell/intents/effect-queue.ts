import type { EffectSpec } from "../../core/domain.ts";

/** Calls of one effect at a time, over all its keys. */
const CALLS_MAX = 256;

interface Lane<Item> {
  readonly key: string;
  ready: Item[];
  callsInFlight: number;
}

/**
 * What waits to be called of one effect. Each key of its backend has calls of its own, at most `concurrency` at a time,
 * so that one that never answers takes none from the others; they take turns.
 */
export class EffectQueue<Item> {
  readonly spec: EffectSpec;
  /** Those that have work, by key: whose turn is next comes first. */
  readonly #lanes = new Map<string, Lane<Item>>();
  #callsInFlight = 0;

  constructor(spec: EffectSpec) {
    this.spec = spec;
  }

  get callsInFlight(): number {
    return this.#callsInFlight;
  }

  push(key: string, item: Item): void {
    const lane = this.#lanes.get(key) ?? { key, ready: [], callsInFlight: 0 };
    lane.ready.push(item);
    this.#lanes.set(key, lane);
  }

  /** @returns the next call that may begin now, as far as its key is concerned; `finish` must be called after it */
  take(): { readonly key: string; readonly batch: readonly Item[] } | undefined {
    if (this.#callsInFlight >= CALLS_MAX) return undefined;
    for (const lane of this.#lanes.values()) {
      const { key, ready, callsInFlight } = lane;
      if (ready.length === 0 || callsInFlight >= this.spec.concurrency) continue;
      lane.callsInFlight++;
      this.#callsInFlight++;
      this.#lanes.delete(key);
      this.#lanes.set(key, lane);
      return { key, batch: ready.splice(0, this.spec.batchMax) };
    }
    return undefined;
  }

  finish(key: string): void {
    this.#callsInFlight--;
    const lane = this.#lanes.get(key);
    if (!lane) return;
    lane.callsInFlight--;
    this.#forgetIdle(lane);
  }

  drop(isDropped: (item: Item) => boolean): void {
    for (const lane of [...this.#lanes.values()]) {
      lane.ready = lane.ready.filter((item) => !isDropped(item));
      this.#forgetIdle(lane);
    }
  }

  #forgetIdle({ key, ready, callsInFlight }: Lane<Item>): void {
    if (ready.length + callsInFlight === 0) this.#lanes.delete(key);
  }
}
