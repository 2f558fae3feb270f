import type { FastifyInstance } from "fastify";
import { LRUCache } from "lru-cache";
import type { Clock } from "../../../runtime/ports/clock.ts";
import { Problem } from "./problem.ts";

/** Seconds' worth of requests that may come at once. */
const BURST_SECONDS = 2;
const IDENTITIES_MAX = 10_000;

interface Bucket {
  tokens: number;
  filledAtMs: number;
}

/** A token bucket for each identity. One that was not seen for long is forgotten, which fills its bucket. */
export class RateLimit {
  readonly #perSecond: number;
  readonly #clock: Clock;
  readonly #buckets = new LRUCache<string, Bucket>({ max: IDENTITIES_MAX });

  constructor(perSecond: number, clock: Clock) {
    this.#perSecond = perSecond;
    this.#clock = clock;
  }

  get size(): number {
    return this.#buckets.size;
  }

  /** @returns seconds to wait; 0 when this one may go on */
  take(identity: string): number {
    const atMs = this.#clock.monotonicMs();
    const capacity = this.#perSecond * BURST_SECONDS;
    const bucket = this.#buckets.get(identity) ?? { tokens: capacity, filledAtMs: atMs };
    bucket.tokens = Math.min(capacity, bucket.tokens + ((atMs - bucket.filledAtMs) * this.#perSecond) / 1_000);
    bucket.filledAtMs = atMs;
    this.#buckets.set(identity, bucket);
    if (bucket.tokens < 1) return Math.ceil((1 - bucket.tokens) / this.#perSecond);
    bucket.tokens -= 1;
    return 0;
  }
}

/** Behind `addAuthentication`, which knows who asks. */
export function addRateLimit(http: FastifyInstance, limit: RateLimit): void {
  http.addHook("onRequest", async ({ caller: { identity } }) => {
    const retryAfterSeconds = limit.take(identity);
    if (retryAfterSeconds > 0)
      throw new Problem("too-many-requests", `${identity} asks more often than ROLLCALL_HTTP_RATE_MAX allows`, {
        retryAfterSeconds,
      });
  });
}
