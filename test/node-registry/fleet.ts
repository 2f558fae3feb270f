import { setTimeout as sleep } from "node:timers/promises";
import { ask } from "./real-registry.ts";

const REGISTER_AT_ONCE = 25;
const REGISTER_MS = 30_000;
/** Of a beat that got no answer. */
const AGAIN_MS = 100;

interface FleetOptions {
  readonly size: number;
  readonly beatMs: number;
  /** Of the registry's processes: a node begins with one of them, and goes to the next when it gets no answer. */
  readonly doors: readonly string[];
}

/** Machines that register and beat over HTTP. */
export class Fleet {
  readonly ids: readonly string[];
  readonly #options: FleetOptions;
  readonly #silent = new Set<string>();
  readonly #living: Promise<void>[] = [];
  readonly #hasBeaten = new Set<string>();
  /** How often each status was the answer to a beat; 0: there was none. */
  readonly answers = new Map<number, number>();
  /** Of answered beats. */
  readonly tookMs: number[] = [];
  /** How long all registrations took. */
  registeredMs = 0;
  #isOver = false;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.ids = Array.from({ length: options.size }, (_, nth) => `node-${nth}`);
  }

  /** Resolves when all are online and have beaten. */
  async begin(): Promise<void> {
    const beganMs = performance.now();
    await this.#register();
    this.registeredMs = performance.now() - beganMs;
    while (this.#hasBeaten.size < this.ids.length) await sleep(AGAIN_MS);
  }

  async #register(): Promise<void> {
    const waiting = [...this.ids.entries()];
    const one = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const [nth, node_id] = next;
        const body = { node_id, hostname: `host-${nth}`, role: "worker", labels: [`rack-${nth % 10}`] };
        const door = this.#doorOf(nth, 0);
        const signal = AbortSignal.timeout(REGISTER_MS);
        const { status } = await ask("POST", `${door}/api/v1/nodes/register`, { as: "fleet", body, signal });
        if (status !== 200) throw new Error(`${node_id} is answered ${status}`);
        this.#living.push(this.#live(nth, node_id));
      }
    };
    await Promise.all(Array.from({ length: REGISTER_AT_ONCE }, one));
  }

  #doorOf(nth: number, tries: number): string {
    const { doors } = this.#options;
    return doors[(nth + tries) % doors.length] ?? "";
  }

  /** Some fall silent at once, and say nothing of it. */
  silence(ids: readonly string[]): void {
    for (const id of ids) this.#silent.add(id);
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#living);
  }

  async #live(nth: number, id: string): Promise<void> {
    const { beatMs } = this.#options;
    const isAlive = (): boolean => !this.#isOver && !this.#silent.has(id);
    for (let dueMs = performance.now() + beatMs * Math.random(); ; dueMs += beatMs) {
      while (isAlive() && performance.now() < dueMs) await sleep(Math.min(100, dueMs - performance.now()));
      for (let tries = 0; isAlive() && !(await this.#beat(id, this.#doorOf(nth, tries))); tries++)
        await sleep(AGAIN_MS);
      if (!isAlive()) return;
    }
  }

  /** @returns whether it was answered; after the time until the next one it is sent again */
  async #beat(node_id: string, door: string): Promise<boolean> {
    const beganMs = performance.now();
    const signal = AbortSignal.timeout(this.#options.beatMs);
    const body = { node_id, metrics: { load_1m: 0.5 } };
    const status = await ask("POST", `${door}/api/v1/nodes/heartbeat`, { as: "fleet", body, signal }).then(
      (answer) => answer.status,
      () => 0,
    );
    this.answers.set(status, (this.answers.get(status) ?? 0) + 1);
    if (status !== 200) return false;
    this.#hasBeaten.add(node_id);
    this.tookMs.push(performance.now() - beganMs);
    return true;
  }
}
