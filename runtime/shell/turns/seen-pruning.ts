import type { ShellParts } from "../shell-context.ts";

const EVERY_MS = 10 * 60_000;
/** Rows a statement; a long outage is caught up in steps that no turn has to wait for. */
const ROWS_MAX = 10_000;

/** Forgets message ids that are older than the input topics' retention: what they would repeat is gone from the log. */
export class SeenPruning {
  readonly #parts: ShellParts;
  #cancel = (): void => {};

  constructor(parts: ShellParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#cancel = this.#parts.clock.after(EVERY_MS, () => {
      this.start();
      // Out of reach now: ten minutes later is early enough.
      void this.prune().catch(() => {});
    });
  }

  stop(): void {
    this.#cancel();
  }

  async prune(): Promise<void> {
    const { store, brokerClock, limits } = this.#parts;
    const before = new Date(brokerClock.nowMs() - limits.seenRetentionMs);
    for (let rows = ROWS_MAX; rows === ROWS_MAX;) {
      const gone = await store.query(
        "delete from rollcall.seen where key in (select key from rollcall.seen where at < $1 limit " +
          `${ROWS_MAX}) returning 1`,
        [before],
      );
      rows = gone.length;
    }
  }
}
