import { LRUCache } from "lru-cache";
import type { Clock } from "../../../runtime/ports/clock.ts";

const CALLERS_MAX = 10_000;

interface Window {
  count: number;
  readonly endsAtMs: number;
}

/** How a request stands against its limit. */
export interface WindowTaken {
  readonly isOver: boolean;
  readonly remaining: number;
  /** Until a new window begins, at least 1. */
  readonly resetSeconds: number;
}

/**
 * Counts requests in fixed windows of time, each of which begins with a caller's first request. Of one process: several
 * let so many times as much through. The caller heard of least recently is forgotten, who then begins anew.
 */
export class FixedWindows {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #windows = new LRUCache<string, Window>({ max: CALLERS_MAX });

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
  }

  take(key: string, { max, windowMs }: { readonly max: number; readonly windowMs: number }): WindowTaken {
    const nowMs = this.#clock.monotonicMs();
    const known = this.#windows.get(key);
    const window = known && known.endsAtMs > nowMs ? known : { count: 0, endsAtMs: nowMs + windowMs };
    if (window !== known) this.#windows.set(key, window);
    if (window.count <= max) window.count++;
    return {
      isOver: window.count > max,
      remaining: Math.max(0, max - window.count),
      // The clock has fractions of a ms.
      resetSeconds: Math.max(1, Math.ceil(Math.round(window.endsAtMs - nowMs) / 1_000)),
    };
  }
}
