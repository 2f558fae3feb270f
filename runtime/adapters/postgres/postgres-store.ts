import pg from "pg";
import type { Sql, SqlValue, Store } from "../../ports/store.ts";
import { sendBindInChunks } from "./chunked-bind.ts";
import { PostgresSession, PostgresTransaction } from "./postgres-transaction.ts";
import { storeFault } from "../sql/sql-fault.ts";
import { parsers } from "../sql/sql-types.ts";

export interface PostgresStoreOptions {
  /** postgres://user:password@host:port/database?sslmode=…; what it says wins over the options here, they over PG*. */
  readonly url: string;
  readonly password?: string | (() => string | Promise<string>);
  readonly ssl?: Exclude<pg.PoolConfig["ssl"], undefined>;
  readonly maxConnections?: number;
  readonly connectTimeoutMs?: number;
  /** The server gives a statement up after this; a server that says nothing is given up a little later. */
  readonly statementTimeoutMs?: number;
  /** As `statementTimeoutMs`, for `script`: a migration may take long, or wait for another process's. */
  readonly scriptTimeoutMs?: number;
  readonly applicationName?: string;
  /** The server refuses every statement that would write. */
  readonly readOnly?: boolean;
  /** For the log: an idle connection broke. The pool replaces it. */
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
    // A server that restarts breaks idle connections, and an 'error' event that nobody hears ends the process.
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
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  async #shutDown(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => (timer = setTimeout(resolve, closeTimeoutMs)));
    await Promise.race([this.#pool.end(), timeout]);
    clearTimeout(timer);
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
    ...(options.password === undefined ? {} : { password: options.password }),
    ...(options.ssl === undefined ? {} : { ssl: options.ssl }),
    max: options.maxConnections ?? 4,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 5_000,
    query_timeout: statementTimeoutMs + clientTimeoutMarginMs,
    application_name: options.applicationName ?? "rollcall",
    keepAlive: true,
    idleTimeoutMillis: 60_000,
    // Statements of a transaction are sent without waiting for one another's answers.
    pipeline: true,
    types: { getTypeParser: ((oid: number) => parsers.get(oid) ?? String) as pg.CustomTypesConfig["getTypeParser"] },
    // Set here and not as start-up parameters, which connection poolers refuse. A process that hangs inside a
    // transaction must not hold the rows of its partitions for ever.
    onConnect: async (client) => {
      sendBindInChunks(client);
      await client.query(
        `set timezone to 'UTC'; set statement_timeout to ${statementTimeoutMs};` +
          `set idle_in_transaction_session_timeout to ${statementTimeoutMs}` +
          (options.readOnly === true ? `;set default_transaction_read_only to on` : ""),
      );
    },
  };
}
