import type { ShellContext } from "../shell-context.ts";

const PRUNE_INTERVAL_MS = 10 * 60_000;
/** Rows a statement; a long outage is caught up in steps that no turn has to wait for. */
const ROWS_PER_DELETE_MAX = 10_000;

/** Forgets message ids that are older than the input topics' retention: what they would repeat is gone from the log. */
export class SeenPruning {
  readonly #context: ShellContext;
  #cancel = (): void => {};

  constructor(context: ShellContext) {
    this.#context = context;
  }

  start(): void {
    this.#cancel = this.#context.clock.after(PRUNE_INTERVAL_MS, () => {
      this.start();
      // Out of reach now: ten minutes later is early enough.
      void this.prune().catch(() => {});
    });
  }

  stop(): void {
    this.#cancel();
  }

  async prune(): Promise<void> {
    const { store, brokerClock, limits } = this.#context;
    const before = new Date(brokerClock.nowMs() - limits.seenRetentionMs);
    for (let rows = ROWS_PER_DELETE_MAX; rows === ROWS_PER_DELETE_MAX;) {
      const deleted = await store.query(
        "delete from rollcall.seen where key in (select key from rollcall.seen where at < $1 limit " +
          `${ROWS_PER_DELETE_MAX}) returning 1`,
        [before],
      );
      rows = deleted.length;
    }
  }
}
