import { PeriodicTask } from "../periodic-task.ts";
import type { ShellContext } from "../shell-context.ts";

const PRUNE_INTERVAL_MS = 10 * 60_000;
/** Small enough that no turn waits long for the rows' locks, also after a long outage. */
const ROWS_PER_DELETE_MAX = 10_000;

/**
 * Deletes message ids that are older than the input topics' retention: the messages that they could repeat are gone.
 */
export class SeenPruning extends PeriodicTask {
  readonly #context: ShellContext;

  constructor(context: ShellContext) {
    // A failed run is repeated by the next one: ten minutes later is early enough.
    super(
      context.clock,
      () => this.#prune().catch(() => {}),
      () => PRUNE_INTERVAL_MS,
    );
    this.#context = context;
  }

  async #prune(): Promise<void> {
    const { store, brokerClock, limits } = this.#context;
    const before = new Date(brokerClock.nowMs() - limits.seenRetentionMs);
    for (let deleted = ROWS_PER_DELETE_MAX; deleted === ROWS_PER_DELETE_MAX;) {
      const rows = await store.query(
        `delete from rollcall.seen
          where key in (select key from rollcall.seen where at < $1 limit ${ROWS_PER_DELETE_MAX}) returning 1`,
        [before],
      );
      deleted = rows.length;
    }
  }
}
