import type { Sql } from "../../ports/store.ts";

const defaultThresholds = {
  everyMs: 10_000,
  /** A checkpoint is due when a crash would have to replay more than this. */
  walBytes: 64 * 1024 * 1024,
  /** A table is vacuumed when it has more dead rows than this, and more than a fifth of its live rows. */
  deadRows: 20_000,
};

/**
 * Checkpoints and vacuums, which a Postgres server runs in background processes and PGlite does not. Without
 * checkpoints the write-ahead log grows without limit, and opening after a crash takes longer and longer; without
 * vacuum the space of deleted rows is never reused.
 */
export class PgliteMaintenance {
  readonly #sql: Sql;
  readonly #limits: typeof defaultThresholds;
  #timer: NodeJS.Timeout | undefined;

  constructor(sql: Sql, limits: Partial<typeof defaultThresholds> = {}) {
    this.#sql = sql;
    this.#limits = { ...defaultThresholds, ...limits };
  }

  start(): void {
    this.#timer = setTimeout(() => {
      // A database that fails here fails for its users too, who report it.
      void this.runOnce()
        .catch(() => {})
        .finally(() => this.#timer && this.start());
    }, this.#limits.everyMs).unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** At most one checkpoint and one table a run: all queries wait for them, some 10 to 100 ms each. */
  async runOnce(): Promise<void> {
    const [wal] = await this.#sql.query<{ bytes: number }>(
      "select pg_wal_lsn_diff(pg_current_wal_lsn(), redo_lsn)::int8 as bytes from pg_control_checkpoint()",
    );
    if ((wal?.bytes ?? 0) > this.#limits.walBytes) await this.#sql.query("checkpoint");
    const [bloated] = await this.#sql.query<{ name: string }>(
      `select format('%I.%I', schemaname, relname) as name from pg_stat_user_tables
       where n_dead_tup > $1::int8 and n_dead_tup > n_live_tup / 5 order by n_dead_tup desc limit 1`,
      [this.#limits.deadRows],
    );
    if (bloated !== undefined) await this.#sql.query(`vacuum ${bloated.name}`);
  }
}
