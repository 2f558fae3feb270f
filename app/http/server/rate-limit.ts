import type { FastifyInstance } from "fastify";
import { LRUCache } from "lru-cache";
import type { Clock } from "../../../runtime/ports/clock.ts";
import { Problem } from "./problem.ts";

/** How many seconds' worth of requests may come at once. */
const BURST_SECONDS = 2;
const IDENTITIES_MAX = 10_000;

interface Bucket {
  tokens: number;
  filledAtMs: number;
}

/** A token bucket for each identity. The one used least recently is forgotten, which refills its bucket. */
export class RateLimit {
  readonly #perSecond: number;
  readonly #clock: Clock;
  readonly #buckets = new LRUCache<string, Bucket>({ max: IDENTITIES_MAX });

  constructor(perSecond: number, clock: Clock) {
    this.#perSecond = perSecond;
    this.#clock = clock;
  }

  /** @returns seconds to wait; 0: the request may proceed */
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

/** After `addAuthentication`, which identifies the caller. */
export function addRateLimit(http: FastifyInstance, limit: RateLimit): void {
  http.addHook("onRequest", async ({ caller: { identity }, routeOptions: { config } }) => {
    if (config.unlimited) return;
    const retryAfterSeconds = limit.take(identity);
    if (retryAfterSeconds > 0)
      throw new Problem("too-many-requests", `${identity} sends more requests than ROLLCALL_HTTP_RATE_MAX allows`, {
        retryAfterSeconds,
      });
  });
}
