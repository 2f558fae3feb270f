import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { latencyOf, type Latency, type LoadPoint } from "./measure.ts";

/** What a load consists of: an entity that is begun once. */
export interface LoadEntity {
  readonly id: string;
  readonly index: number;
}

/** How a load reaches an engine: it begins entities, and hears how far they have come. */
export interface Engine {
  /** What an entity passes on its way; with the last one it is done. */
  readonly steps: readonly string[];
  begin(entities: readonly LoadEntity[]): Promise<void>;
  /** Where silent entities are ended by a deadline: they end, so that none of it falls into what is measured next. */
  leave?(entities: readonly LoadEntity[]): Promise<void>;
  /** Called by the engine's side, which also sends what an entity answers on its way. */
  onStep: (step: string, id: string) => void;
}

export interface LoadResult {
  readonly perSecond: number;
  /** From an entity's beginning to each step, one at a time. */
  readonly latencies: Readonly<Record<string, Latency>>;
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
  /** Resolves when what the leaving asks of the engine is done too: it is no part of what is measured next. */
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
  await load.run(warmUp);
  await hooks.onSaturation();
  const startedMs = performance.now();
  await load.run(count);
  const perSecond = count / ((performance.now() - startedMs) / 1_000);
  await hooks.onSaturated();
  await leave();
  await sleep(1_000);
  load.forgetLatencies();
  for (let i = 0; i < oneAtATime; i++) await load.run(1);
  const alone = load.latencies();
  const curve: LoadPoint[] = [];
  for (const share of shares) {
    await leave();
    curve.push({ share, ...(await load.atRate(share * perSecond)) });
  }
  return { perSecond: Math.round(perSecond), latencies: alone, curve };
}

/** Entities under way, and how long it took until each had come to each step. */
export class Load {
  readonly #engine: Engine;
  readonly #runId: string;
  readonly #sentAt = new Map<string, number>();
  /** Step -> from the beginning until then, ms. */
  readonly #latenciesMs: ReadonlyMap<string, number[]>;
  readonly #lastStep: string;
  #remaining = 0;
  #lastDoneAt = 0;
  #onAllDone = (): void => {};
  #next = 0;
  #present: LoadEntity[] = [];

  constructor(engine: Engine, runId: string) {
    this.#engine = engine;
    this.#runId = runId;
    this.#latenciesMs = new Map(engine.steps.map((step) => [step, []]));
    this.#lastStep = engine.steps.at(-1) ?? "";
    engine.onStep = (step, id) => this.#reached(step, id);
  }

  #reached(step: string, id: string): void {
    const since = this.#sentAt.get(id);
    if (since === undefined) return;
    const nowMs = performance.now();
    this.#latenciesMs.get(step)?.push(nowMs - since);
    if (step !== this.#lastStep) return;
    this.#sentAt.delete(id);
    this.#lastDoneAt = nowMs;
    if (--this.#remaining === 0) this.#onAllDone();
  }

  latencies(): LoadResult["latencies"] {
    return Object.fromEntries([...this.#latenciesMs].map(([step, samples]) => [step, latencyOf(samples)]));
  }
  forgetLatencies(): void {
    for (const samples of this.#latenciesMs.values()) samples.length = 0;
  }

  async leave(): Promise<void> {
    await this.#engine.leave?.(this.#present);
    this.#present = [];
  }

  run(size: number): Promise<void> {
    return this.#allDone(size, async () => {
      for (let sent = 0; sent < size; sent += 500) await this.#begin(Math.min(500, size - sent));
    });
  }

  /** Each is begun when it is due, whether or not those before are done. */
  async atRate(perSecond: number): Promise<Omit<LoadPoint, "share">> {
    const size = Math.round((perSecond * SHARE_MS) / 1_000);
    this.forgetLatencies();
    await this.#allDone(size, async () => {
      const startedMs = performance.now();
      for (let sent = 0; sent < size;) {
        const due = Math.min(size, Math.ceil(((performance.now() - startedMs) / 1_000) * perSecond));
        if (due > sent) await this.#begin(due - sent);
        sent = Math.max(sent, due);
        await sleep(TICK_MS);
      }
    });
    return { perSecond: Math.round(perSecond), latency: latencyOf(this.#latenciesMs.get(this.#lastStep) ?? []) };
  }

  async #begin(size: number): Promise<void> {
    const entities = Array.from({ length: size }, () => ({ id: `${this.#runId}-${this.#next}`, index: this.#next++ }));
    this.#present = this.#present.concat(entities);
    for (const { id } of entities) this.#sentAt.set(id, performance.now());
    await this.#engine.begin(entities);
  }

  /** `send` begins so many; resolves when all are done. */
  async #allDone(size: number, send: () => Promise<void>): Promise<void> {
    this.#remaining = size;
    this.#lastDoneAt = performance.now();
    const done = new Promise<void>((resolve, reject) => {
      const watch = setInterval(() => {
        if (performance.now() - this.#lastDoneAt > STALLED_MS)
          reject(
            new Error(
              `${this.#remaining} of ${size} were not ${this.#lastStep}: none came to it for ${STALLED_MS / 1_000} s`,
            ),
          );
      }, 1_000);
      this.#onAllDone = () => {
        clearInterval(watch);
        resolve();
      };
    });
    await send();
    await done;
  }
}
