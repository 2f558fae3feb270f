import type { Writable } from "node:stream";
import type pg from "pg";
import type { Fault } from "../../core/fault.ts";
import type { Sql, SqlValue } from "../../ports/store.ts";
import { arrayTypes, binaryArray } from "./binary-arrays.ts";
import { SlabLease } from "./slabs.ts";
import { commitUnknown, endsSession, sqlStateOf, storeFault } from "../sql/sql-fault.ts";
import { toParameter } from "../sql/sql-types.ts";

const statements = new Map<string, { readonly name: string; readonly arrays: ReturnType<typeof arrayTypes> }>();
const STATEMENTS_MAX = 500;

/** Undefined for more texts than a program with constant statements has: each stays prepared on every connection. */
function statementOf(text: string) {
  const known = statements.get(text);
  if (known !== undefined || statements.size >= STATEMENTS_MAX) return known;
  const statement = { name: `rollcall_${statements.size + 1}`, arrays: arrayTypes(text) };
  statements.set(text, statement);
  return statement;
}

/** A connection of the pool while it is borrowed. */
export class PostgresSession implements Sql {
  readonly #client: pg.PoolClient;
  broken = false;

  constructor(client: pg.PoolClient) {
    this.#client = client;
    // The pool listens only to idle connections, and an 'error' event without a listener ends the process.
    client.on("error", this.#onError);
  }

  async query<Row = Record<string, unknown>>(text: string, values: readonly SqlValue[] = []): Promise<Row[]> {
    // Statements with parameters are a few texts that are used again: named ones are parsed and planned once.
    const statement = values.length > 0 ? statementOf(text) : undefined;
    const lease = new SlabLease();
    const { rows } = await this.send({
      ...(statement !== undefined && { name: statement.name }),
      text,
      // pg sends a Buffer in binary format, a string as text.
      values: values.map((value, at) => {
        const type = statement?.arrays[at];
        return (type && Array.isArray(value) && binaryArray(value, type, lease)) || toParameter(value);
      }),
    });
    // The server has read the parameters. After a failed query they may still be on their way, so they stay.
    lease.release();
    return rows as Row[];
  }

  async send(query: pg.QueryConfig & { readonly query_timeout?: number }): Promise<pg.QueryResult> {
    this.#cork();
    try {
      return await this.#client.query(query);
    } catch (error) {
      if (endsSession(error)) this.broken = true;
      throw error;
    }
  }

  /** Statements that are sent within one tick, as a turn's are, go to the socket in one write. */
  #cork(): void {
    const { stream } = (this.#client as unknown as { connection: { stream: Writable } }).connection;
    stream.cork();
    process.nextTick(() => stream.uncork());
  }

  /** Returns the connection to the pool; one that broke, or has a transaction open, is closed. */
  release(): void {
    this.#client.removeListener("error", this.#onError);
    this.#client.release(this.broken || this.#client.getTransactionStatus() !== "I");
  }

  readonly #onError = (): void => {
    this.broken = true;
  };
}

/** Only matches a statement that reads and locks: no statement of ours with this shape calls a function. */
const LOCKING_READ = /^\s*select\s[^;]*\bfor update\s*$/;

/** The handle for one transaction. */
export class PostgresTransaction implements Sql {
  readonly #session: PostgresSession;
  #ended = false;
  /** The first failure: the errors of later statements only say that the transaction is aborted. */
  #abortCause: Fault | undefined;
  /** Set until BEGIN is answered. */
  #pendingBegin: Promise<void> | undefined;
  readonly #pendingQueries: Promise<unknown>[] = [];

  constructor(session: PostgresSession) {
    this.#session = session;
  }

  begin(): void {
    this.#pendingBegin = this.#session.send({ text: "begin isolation level read committed" }).then(
      () => void (this.#pendingBegin = undefined),
      (error: unknown) => this.#failTransaction(error),
    );
    // Reported by the first query or by `commit`.
    this.#pendingBegin.catch(() => {});
  }

  query<Row = Record<string, unknown>>(text: string, values?: readonly SqlValue[]): Promise<Row[]> {
    const answer = this.#query<Row>(text, values);
    this.#pendingQueries.push(answer);
    // `commit` awaits it too, so a caller need not.
    answer.catch(() => {});
    return answer;
  }

  async #query<Row>(text: string, values?: readonly SqlValue[]): Promise<Row[]> {
    if (this.#ended) throw new Error("the transaction has ended");
    // After a BEGIN that failed each statement would commit by itself. So only a statement that reads and locks is sent
    // before BEGIN is answered.
    if (this.#pendingBegin && !LOCKING_READ.test(text)) await this.#pendingBegin;
    if (this.#abortCause) throw this.#abortCause;
    return this.#session.query<Row>(text, values).catch((error: unknown) => this.#failTransaction(error));
  }

  async script(text: string, limits: { readonly serverMs: number; readonly clientMs: number }): Promise<void> {
    await this.query(`set local statement_timeout to ${limits.serverMs}`);
    await this.#session
      .send({ text, query_timeout: limits.clientMs })
      .catch((error: unknown) => this.#failTransaction(error));
  }

  /** @throws Fault COMMIT_UNKNOWN when the connection broke after COMMIT was sent; else the first failure */
  async commit(): Promise<void> {
    this.#ended = true;
    await this.#pendingBegin;
    if (this.#session.broken) throw storeFault(new Error("the connection broke before COMMIT was sent"));
    const committed = this.#session.send({ text: "commit" });
    await Promise.allSettled([...this.#pendingQueries, committed]);
    // A statement that the server answered with an error has aborted the transaction, even if COMMIT's answer is lost.
    if (this.#abortCause && sqlStateOf(this.#abortCause) !== undefined) throw this.#abortCause;
    const { command } = await committed.catch((error: unknown) => {
      // An ordinary error, as of a deferred constraint, is an answer: the transaction was rolled back.
      throw endsSession(error) ? commitUnknown(error) : storeFault(error);
    });
    // The server answers COMMIT of an aborted transaction with ROLLBACK, without an error.
    if (command === "ROLLBACK") throw this.#abortCause ?? storeFault(new Error("the transaction was rolled back"));
  }

  async rollback(): Promise<void> {
    this.#ended = true;
    // If it fails, the connection is closed and the server rolls back by itself.
    await this.#session.send({ text: "rollback" }).catch(() => {});
  }

  #failTransaction(error: unknown): never {
    throw (this.#abortCause ??= storeFault(error));
  }
}
