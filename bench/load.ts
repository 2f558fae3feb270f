import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { latencyOf, type Latency, type LoadPoint } from "./measure.ts";

export interface BenchNode {
  readonly id: string;
  readonly index: number;
}

/** How a load reaches an engine: publishes introspections, and reports when a node was accepted or became active. */
export interface Engine {
  introspect(nodes: readonly BenchNode[]): Promise<void>;
  /**
   * Where silent nodes are ended by a deadline: they deregister, so that none of it falls into what is measured next.
   */
  leave?(nodes: readonly BenchNode[]): Promise<void>;
  /** Called by the engine's side; the ACK is sent by it too. */
  onAccepted: (nodeId: string) => void;
  onActive: (nodeId: string) => void;
}

export interface LoadResult {
  readonly perSecond: number;
  readonly accepted: Latency;
  readonly active: Latency;
  readonly curve: readonly LoadPoint[];
}

export interface LoadSize {
  /** At once. */
  readonly count: number;
  readonly oneAtATime: number;
  readonly warmUp: number;
  /** Of the saturated rate. */
  readonly shares: readonly number[];
}

interface LoadHooks {
  readonly onSaturation: () => Promise<void>;
  readonly onSaturated: () => Promise<void>;
  /** Resolves when what the nodes' leaving asks of the engine is done too: it is no part of what is measured next. */
  readonly onLeft?: () => Promise<void>;
}

const SHARE_MS = 8_000;
const TICK_MS = 20;

const STALLED_MS = 60_000;

/** A warm-up, then as many as go at once, then one at a time, then at shares of the rate that was reached. */
export async function runLoad(
  engine: Engine,
  { count, oneAtATime, warmUp, shares, runId }: LoadSize & { readonly runId: string },
  hooks: LoadHooks,
): Promise<LoadResult> {
  const load = new Load(engine, runId);
  const leave = async (): Promise<void> => {
    await load.leave();
    await hooks.onLeft?.();
  };
  await load.register(warmUp);
  await hooks.onSaturation();
  const startedMs = performance.now();
  await load.register(count);
  const perSecond = count / ((performance.now() - startedMs) / 1_000);
  await hooks.onSaturated();
  await leave();
  await sleep(1_000);
  load.forgetLatencies();
  for (let i = 0; i < oneAtATime; i++) await load.register(1);
  const alone = load.latencies();
  const curve: LoadPoint[] = [];
  for (const share of shares) {
    await leave();
    curve.push({ share, ...(await load.atRate(share * perSecond)) });
  }
  return { perSecond: Math.round(perSecond), ...alone, curve };
}

/** Nodes that register, and how long it took until each was accepted and active. */
class Load {
  readonly #engine: Engine;
  readonly #runId: string;
  readonly #sentAt = new Map<string, number>();
  readonly #acceptedMs: number[] = [];
  readonly #activeMs: number[] = [];
  #remaining = 0;
  #lastActiveAt = 0;
  #onAllActive = (): void => {};
  #next = 0;
  #present: BenchNode[] = [];

  constructor(engine: Engine, runId: string) {
    this.#engine = engine;
    this.#runId = runId;
    engine.onAccepted = (id) => {
      const since = this.#sentAt.get(id);
      if (since !== undefined) this.#acceptedMs.push(performance.now() - since);
    };
    engine.onActive = (id) => this.#becameActive(id);
  }

  #becameActive(id: string): void {
    const since = this.#sentAt.get(id);
    if (since === undefined) return;
    this.#sentAt.delete(id);
    this.#lastActiveAt = performance.now();
    this.#activeMs.push(this.#lastActiveAt - since);
    if (--this.#remaining === 0) this.#onAllActive();
  }

  latencies(): Pick<LoadResult, "accepted" | "active"> {
    return { accepted: latencyOf(this.#acceptedMs), active: latencyOf(this.#activeMs) };
  }
  forgetLatencies(): void {
    this.#acceptedMs.length = 0;
    this.#activeMs.length = 0;
  }

  async leave(): Promise<void> {
    await this.#engine.leave?.(this.#present);
    this.#present = [];
  }

  register(size: number): Promise<void> {
    return this.#allActive(size, async () => {
      for (let sent = 0; sent < size; sent += 500) await this.#introspect(Math.min(500, size - sent));
    });
  }

  /** Each is sent when it is due, whether or not those before have become active. */
  async atRate(perSecond: number): Promise<Omit<LoadPoint, "share">> {
    const size = Math.round((perSecond * SHARE_MS) / 1_000);
    this.#activeMs.length = 0;
    await this.#allActive(size, async () => {
      const startedMs = performance.now();
      for (let sent = 0; sent < size;) {
        const due = Math.min(size, Math.ceil(((performance.now() - startedMs) / 1_000) * perSecond));
        if (due > sent) await this.#introspect(due - sent);
        sent = Math.max(sent, due);
        await sleep(TICK_MS);
      }
    });
    return { perSecond: Math.round(perSecond), active: latencyOf(this.#activeMs) };
  }

  async #introspect(size: number): Promise<void> {
    const nodes = Array.from({ length: size }, () => ({ id: `${this.#runId}-${this.#next}`, index: this.#next++ }));
    this.#present = this.#present.concat(nodes);
    for (const { id } of nodes) this.#sentAt.set(id, performance.now());
    await this.#engine.introspect(nodes);
  }

  /** `send` sends so many; resolves when all are active. */
  async #allActive(size: number, send: () => Promise<void>): Promise<void> {
    this.#remaining = size;
    this.#lastActiveAt = performance.now();
    const done = new Promise<void>((resolve, reject) => {
      const watch = setInterval(() => {
        if (performance.now() - this.#lastActiveAt > STALLED_MS)
          reject(
            new Error(
              `${this.#remaining} of ${size} registrations did not become active: none did for ${STALLED_MS / 1_000} s`,
            ),
          );
      }, 1_000);
      this.#onAllActive = () => {
        clearInterval(watch);
        resolve();
      };
    });
    await send();
    await done;
  }
}
