export type SqlValue = string | number | boolean | null | Date | Uint8Array | readonly SqlValue[];

export interface Sql {
  /**
   * Runs one statement with `$1`-style parameters. Arrays are Postgres arrays (`unnest($1::text[])`), `Uint8Array` is
   * bytea, `Date` timestamptz. int8 comes back as number, json and jsonb parsed, timestamptz as Date, bytea as Buffer.
   * @throws Fault STORE_UNAVAILABLE, retryable: no connection, no answer, or any failure that the data did not cause
   * @throws Fault STORE_REFUSED, not retryable: the data was refused (SQLSTATE class 22, 23, 54)
   */
  query<Row = Record<string, unknown>>(text: string, values?: readonly SqlValue[]): Promise<Row[]>;
}

/** SQL on Postgres or PGlite; one interface, the same statements. */
export interface Store extends Sql {
  readonly kind: "postgres" | "pglite";
  /**
   * Runs `work` in one transaction (read committed); an exception rolls it back and is rethrown. COMMIT is sent right
   * behind the statements that `work` did not await; if one of them fails, nothing is committed and its error thrown.
   * @throws Fault COMMIT_UNKNOWN, retryable: the answer to COMMIT was lost; ask the database before running it again
   */
  transaction<Result>(work: (tx: Sql) => Promise<Result>): Promise<Result>;
  /** Runs several statements without parameters (a migration's file) inside a transaction. */
  script(tx: Sql, text: string): Promise<void>;
  /** The server's version, to be shown. */
  version(): Promise<string>;
  /** Waits at most 5 s for running statements. Idempotent. */
  close(): Promise<void>;
}
