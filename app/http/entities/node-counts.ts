import type { System } from "../../host/system.ts";

export type CountByState = ReadonlyMap<string, number>;

/** How long a count is good for: the first, and at least so many times as long as it took. */
const CACHE_MIN_MS = 1_000;
const CACHE_FACTOR = 20;

/** Nodes by state, over all processes: counted in the store, once for all who ask within a while. */
export class NodeCounts {
  readonly #system: Pick<System, "store" | "domain" | "clock">;
  #cached: { readonly untilMs: number; readonly counts: Promise<CountByState> } | undefined;

  constructor(system: Pick<System, "store" | "domain" | "clock">) {
    this.#system = system;
  }

  /** @throws Fault of the store */
  byState(): Promise<CountByState> {
    const { clock } = this.#system;
    if (this.#cached === undefined || clock.monotonicMs() > this.#cached.untilMs) this.#refresh();
    return (this.#cached as { counts: Promise<CountByState> }).counts;
  }

  #refresh(): void {
    const { clock } = this.#system;
    const beganMs = clock.monotonicMs();
    const counts = this.#count();
    this.#cached = { untilMs: beganMs + CACHE_MIN_MS, counts };
    void counts.then(
      () => {
        const endedMs = clock.monotonicMs();
        this.#cached = { untilMs: endedMs + Math.max(CACHE_MIN_MS, CACHE_FACTOR * (endedMs - beganMs)), counts };
      },
      () => (this.#cached = undefined),
    );
  }

  async #count(): Promise<CountByState> {
    const { store, domain } = this.#system;
    const rows = await store.query<{ state: string; count: number }>(
      "select state, count(*)::int as count from rollcall.entity where domain = $1 and state is not null group " +
        "by state",
      [domain.name],
    );
    return new Map(rows.map(({ state, count }) => [state, count]));
  }
}
