import { LRUCache } from "lru-cache";
import type { EffectSpec } from "../../core/domain.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Observe } from "../shell-event.ts";
import { CircuitBreaker } from "./circuit-breaker.ts";

/** Of one backend; the one that was used least recently is forgotten. */
const KEYS_MAX = 1_000;

/** What is not called of a backend. */
export interface OpenBreaker {
  /** The backend, with its placeholders filled: those that are not called, the one that fails longest first. */
  readonly keys: readonly [string, ...string[]];
  /** Of the first. */
  readonly forMs: number;
  readonly lastError: string;
}

/** The circuit breakers of a domain, by backend and key. The first effect that uses a backend sets their limits. */
export class Breakers {
  readonly #clock: Clock;
  readonly #observe: Observe;
  readonly #byBackend = new Map<string, LRUCache<string, CircuitBreaker>>();
  readonly #limits = new Map<string, EffectSpec["breaker"]>();

  constructor(clock: Clock, observe: Observe, effects: Iterable<EffectSpec>) {
    this.#clock = clock;
    this.#observe = observe;
    for (const { backend, breaker } of effects) if (!this.#limits.has(backend)) this.#limits.set(backend, breaker);
  }

  of({ backend, breaker: limits }: EffectSpec, key: string): CircuitBreaker {
    const breakers = this.#byBackend.get(backend) ?? this.#openBackend(backend);
    const known = breakers.get(key);
    if (known) return known;
    const made: CircuitBreaker = new CircuitBreaker(this.#clock, this.#limits.get(backend) ?? limits, () => {
      if (breakers.peek(key) === made) this.#tell(backend, key, made.isOpen);
    });
    breakers.set(key, made);
    return made;
  }

  /**
   * By backend. One that nothing waits for is not listed: nothing is held up, and the next call tries it again.
   * @param waitingKeys those that intents wait for
   */
  open(waitingKeys: () => ReadonlySet<string>): ReadonlyMap<string, OpenBreaker> {
    const all = [...this.#byBackend].flatMap(([backend, breakers]) =>
      [...breakers].flatMap(([key, { openForMs: forMs, lastError }]) =>
        forMs === undefined ? [] : [{ backend, key, forMs, lastError }],
      ),
    );
    const open = new Map<string, OpenBreaker>();
    if (all.length === 0) return open;
    const waiting = waitingKeys();
    for (const { backend, key, forMs, lastError } of all.toSorted((a, b) => b.forMs - a.forMs)) {
      if (!waiting.has(key)) continue;
      const first = open.get(backend);
      open.set(backend, first ? { ...first, keys: [...first.keys, key] } : { keys: [key], forMs, lastError });
    }
    return open;
  }

  #openBackend(backend: string): LRUCache<string, CircuitBreaker> {
    const breakers = new LRUCache<string, CircuitBreaker>({
      max: KEYS_MAX,
      disposeAfter: ({ isOpen }, key) => {
        if (isOpen) this.#tell(backend, key, false);
      },
    });
    this.#byBackend.set(backend, breakers);
    return breakers;
  }

  #tell(backend: string, key: string, open: boolean): void {
    const others = [...(this.#byBackend.get(backend)?.values() ?? [])];
    this.#observe({ kind: "breaker", backend, key, open, openKeys: others.filter(({ isOpen }) => isOpen).length });
  }
}
