import pg from "pg";
import type { Sql, SqlValue, Store } from "../../ports/store.ts";
import { settleWithin } from "../../ports/settle-within.ts";
import { sendBindInChunks } from "./chunked-bind.ts";
import { PostgresSession, PostgresTransaction } from "./postgres-transaction.ts";
import { storeFault } from "../sql/sql-fault.ts";
import { parsers } from "../sql/sql-types.ts";

export interface PostgresStoreOptions {
  /** postgres://user:password@host:port/database?sslmode=…; it overrides the options here, they the variables PG*. */
  readonly url: string;
  readonly maxConnections?: number;
  readonly connectTimeoutMs?: number;
  /** The server cancels a statement after this time; without an answer of the server the client gives up 5 s later. */
  readonly statementTimeoutMs?: number;
  /** `statementTimeoutMs` for `script`: a migration may take long, or wait for another process's migration. */
  readonly scriptTimeoutMs?: number;
  readonly applicationName?: string;
  /** The server refuses every statement that would write. */
  readonly readOnly?: boolean;
  /** Called when an idle connection broke, which the pool replaces. For the log. */
  readonly onConnectionLost?: (error: Error) => void;
}

/** How much longer than the server's own timeout to wait before a connection counts as dead. */
const clientTimeoutMarginMs = 5_000;
const closeTimeoutMs = 5_000;

export class PostgresStore implements Store {
  readonly kind = "postgres";
  readonly #pool: pg.Pool;
  readonly #scriptTimeoutMs: number;
  #closed: Promise<void> | undefined;

  constructor(options: PostgresStoreOptions) {
    this.#scriptTimeoutMs = options.scriptTimeoutMs ?? 600_000;
    this.#pool = new pg.Pool(poolConfig(options));
    // A server that restarts breaks idle connections, and an 'error' event without a listener ends the process.
    this.#pool.on("error", options.onConnectionLost ?? (() => {}));
  }

  query<Row = Record<string, unknown>>(text: string, values?: readonly SqlValue[]): Promise<Row[]> {
    return this.#withSession((session) =>
      session.query<Row>(text, values).catch((error: unknown) => Promise.reject(storeFault(error))),
    );
  }

  transaction<Result>(work: (tx: Sql) => Promise<Result>): Promise<Result> {
    return this.#withSession(async (session) => {
      const tx = new PostgresTransaction(session);
      tx.begin();
      let result: Result;
      try {
        result = await work(tx);
      } catch (error) {
        await tx.rollback();
        throw error;
      }
      await tx.commit();
      return result;
    });
  }

  async script(tx: Sql, text: string): Promise<void> {
    if (!(tx instanceof PostgresTransaction)) throw new TypeError("script() needs the handle of a transaction");
    await tx.script(text, { serverMs: this.#scriptTimeoutMs, clientMs: this.#scriptTimeoutMs + clientTimeoutMarginMs });
  }

  async version(): Promise<string> {
    const [row] = await this.query<{ name: string }>("select split_part(version(), ' on ', 1) as name");
    return row?.name ?? "unknown";
  }

  close(): Promise<void> {
    return (this.#closed ??= settleWithin(closeTimeoutMs, this.#pool.end(), () => {}));
  }

  async #withSession<Result>(work: (session: PostgresSession) => Promise<Result>): Promise<Result> {
    const client = await this.#pool.connect().catch((error: unknown) => Promise.reject(storeFault(error)));
    const session = new PostgresSession(client);
    try {
      return await work(session);
    } finally {
      session.release();
    }
  }
}

function poolConfig(options: PostgresStoreOptions): pg.PoolConfig {
  const statementTimeoutMs = options.statementTimeoutMs ?? 30_000;
  return {
    connectionString: options.url,
    max: options.maxConnections ?? 4,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 5_000,
    query_timeout: statementTimeoutMs + clientTimeoutMarginMs,
    application_name: options.applicationName ?? "rollcall",
    keepAlive: true,
    idleTimeoutMillis: 60_000,
    // A transaction's statements are sent without waiting for the answers to earlier ones.
    pipeline: true,
    types: { getTypeParser: ((oid: number) => parsers.get(oid) ?? String) as pg.CustomTypesConfig["getTypeParser"] },
    // Not as start-up parameters, which connection poolers refuse. The limit on idle transactions is there so that a
    // process that hangs inside one does not lock its partitions' rows for ever. The server needs up to a second to
    // compile a statement where it guesses a small table to be large, and none of ours runs long enough to win it back.
    // A statement's plan stays: one made while a table was empty would read it whole, however large it has become.
    onConnect: async (client) => {
      sendBindInChunks(client);
      await client.query(
        `set timezone to 'UTC'; set jit to off; set enable_seqscan to off;` +
          `set statement_timeout to ${statementTimeoutMs};` +
          `set idle_in_transaction_session_timeout to ${statementTimeoutMs}` +
          (options.readOnly === true ? `;set default_transaction_read_only to on` : ""),
      );
    },
  };
}
