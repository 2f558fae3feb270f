import { setTimeout as sleep } from "node:timers/promises";
import { type Asked, ask } from "./real-registry.ts";

const PAUSE_MS = 200;
const LIST_MS = 30_000;
const NOT_LISTED = "not listed";

export interface Listed {
  readonly node_id: string;
  readonly status: string;
  readonly last_heartbeat: string | null;
  readonly silent: { readonly since: string; readonly why: string } | null;
}

/** The whole list. */
export const listAt = (door: string): Promise<Asked<readonly Listed[]>> =>
  ask<readonly Listed[]>("GET", `${door}/api/v1/nodes`, { as: "reader", signal: AbortSignal.timeout(LIST_MS) });

/** Reads the whole list again and again, at each door in turn, until it is ended. */
export class ListWatch {
  /** Who was seen as what: offline, or not listed. */
  readonly seen = new Map<string, Set<string>>();
  readonly tookMs: number[] = [];
  readonly #ids: readonly string[];
  readonly #doors: readonly string[];
  readonly #watching: Promise<void>;
  #isOver = false;

  constructor(ids: readonly string[], doors: readonly string[]) {
    this.#ids = ids;
    this.#doors = doors;
    this.#watching = this.#watch();
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#watching;
  }

  async #watch(): Promise<void> {
    for (let nth = 0; !this.#isOver; nth++) {
      const beganMs = performance.now();
      // A process that was killed gives none.
      const answer = await listAt(this.#doors[nth % this.#doors.length] ?? "").catch(() => undefined);
      if (answer?.status === 200) {
        this.tookMs.push(performance.now() - beganMs);
        this.#look(new Map(answer.body.map(({ node_id, status }) => [node_id, status])));
      }
      await sleep(PAUSE_MS);
    }
  }

  #look(listed: ReadonlyMap<string, string>): void {
    for (const id of this.#ids) {
      const status = listed.get(id) ?? NOT_LISTED;
      if (status !== "offline" && status !== NOT_LISTED) continue;
      const before = this.seen.get(id) ?? new Set();
      this.seen.set(id, before.add(status));
    }
  }
}
