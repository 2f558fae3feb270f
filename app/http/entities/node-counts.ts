import type { System } from "../../host/system.ts";

export type Counts = ReadonlyMap<string, number>;

/** How long a count is good for: the first, and at least so many times as long as it took. */
const FRESH_MS = 1_000;
const REST = 20;

/** Nodes by state, over all processes: counted in the store, once for all who ask within a while. */
export class NodeCounts {
  readonly #system: Pick<System, "store" | "domain" | "clock">;
  #counted: { readonly untilMs: number; readonly counts: Promise<Counts> } | undefined;

  constructor(system: Pick<System, "store" | "domain" | "clock">) {
    this.#system = system;
  }

  /** @throws Fault of the store */
  byState(): Promise<Counts> {
    const { clock } = this.#system;
    if (this.#counted === undefined || clock.monotonicMs() > this.#counted.untilMs) this.#begin();
    return (this.#counted as { counts: Promise<Counts> }).counts;
  }

  #begin(): void {
    const { clock } = this.#system;
    const beganMs = clock.monotonicMs();
    const counts = this.#count();
    this.#counted = { untilMs: beganMs + FRESH_MS, counts };
    void counts.then(
      () => {
        const endedMs = clock.monotonicMs();
        this.#counted = { untilMs: endedMs + Math.max(FRESH_MS, REST * (endedMs - beganMs)), counts };
      },
      () => (this.#counted = undefined),
    );
  }

  async #count(): Promise<Counts> {
    const { store, domain } = this.#system;
    const rows = await store.query<{ state: string; count: number }>(
      "select state, count(*)::int as count from rollcall.entity where domain = $1 and state is not null group " +
        "by state",
      [domain.name],
    );
    return new Map(rows.map(({ state, count }) => [state, count]));
  }
}
