import type { Writable } from "node:stream";
import type pg from "pg";
import type { Fault } from "../../core/fault.ts";
import type { Sql, SqlValue } from "../../ports/store.ts";
import { arrayTypes, binaryArray, type ElementType } from "./binary-arrays.ts";
import { SlabLease } from "./slabs.ts";
import { commitUnknown, endsSession, sqlStateOf, storeFault } from "../sql/sql-fault.ts";
import { toParameter } from "../sql/sql-types.ts";

interface Statement {
  readonly name: string;
  readonly arrays: ReturnType<typeof arrayTypes>;
}

const statements = new Map<string, Statement>();
const STATEMENTS_MAX = 500;

/** What is known of a text; undefined once there are more texts than a program with constant ones has. */
function statementOf(text: string): Statement | undefined {
  const known = statements.get(text);
  if (known !== undefined || statements.size >= STATEMENTS_MAX) return known;
  const statement = { name: `rollcall_${statements.size + 1}`, arrays: arrayTypes(text) };
  statements.set(text, statement);
  return statement;
}

/** A Buffer goes as it is, in binary. */
function encodeParameter(
  value: SqlValue,
  arrayOf: ElementType | undefined,
  lease: SlabLease,
): ReturnType<typeof toParameter> {
  return (arrayOf !== undefined && Array.isArray(value) && binaryArray(value, arrayOf, lease)) || toParameter(value);
}

/** One connection of the pool, for as long as one borrower has it. */
export class PostgresSession implements Sql {
  readonly #client: pg.PoolClient;
  #broken = false;

  constructor(client: pg.PoolClient) {
    this.#client = client;
    // While it is borrowed nobody else listens, and an 'error' event that nobody hears ends the process.
    client.on("error", this.#onError);
  }

  async query<Row = Record<string, unknown>>(text: string, values: readonly SqlValue[] = []): Promise<Row[]> {
    // A statement with parameters is one of a few texts that come again and again: it is parsed and planned once.
    const statement = values.length > 0 ? statementOf(text) : undefined;
    const lease = new SlabLease();
    const { rows } = await this.send({
      ...(statement !== undefined && { name: statement.name }),
      text,
      values: values.map((value, at) => encodeParameter(value, statement?.arrays[at], lease)),
    });
    // The server has read them. Had it failed, nobody could say what is still on its way.
    lease.release();
    return rows as Row[];
  }

  async send(query: pg.QueryConfig & { readonly query_timeout?: number }): Promise<pg.QueryResult> {
    this.#cork();
    try {
      return await this.#client.query(query);
    } catch (error) {
      if (endsSession(error)) this.#broken = true;
      throw error;
    }
  }

  /** A turn's statements are asked for in one stretch: they go in one write, where each would be one of its own. */
  #cork(): void {
    const { stream } = (this.#client as unknown as { connection: { stream: Writable } }).connection;
    stream.cork();
    process.nextTick(() => stream.uncork());
  }

  get broken(): boolean {
    return this.#broken;
  }

  /** Back to the pool, unless it broke or a transaction is still open on it. */
  release(): void {
    this.#client.removeListener("error", this.#onError);
    this.#client.release(this.#broken || this.#client.getTransactionStatus() !== "I");
  }

  readonly #onError = (): void => {
    this.#broken = true;
  };
}

/** Of our own statements, which are constant texts: no function is called in such a one. */
const LOCKING_READ = /^\s*select\s[^;]*\bfor update\s*$/;

/** The handle that the work of one transaction gets. */
export class PostgresTransaction implements Sql {
  readonly #session: PostgresSession;
  #ended = false;
  /** Why it can no longer commit; the answers to what was sent behind only say that it is aborted. */
  #abortCause: Fault | undefined;
  /** Until BEGIN is answered. */
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
    // Whoever asks for something hears of it.
    this.#pendingBegin.catch(() => {});
  }

  query<Row = Record<string, unknown>>(text: string, values?: readonly SqlValue[]): Promise<Row[]> {
    const answer = this.#query<Row>(text, values);
    this.#pendingQueries.push(answer);
    // If nobody waits for it, `commit` throws what it says.
    answer.catch(() => {});
    return answer;
  }

  async #query<Row>(text: string, values?: readonly SqlValue[]): Promise<Row[]> {
    if (this.#ended) throw new Error("the transaction has ended");
    // Behind a BEGIN that failed, statements would commit one by one: only what reads and locks goes before its answer.
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

  /** @throws Fault COMMIT_UNKNOWN when the connection broke behind the COMMIT; the first failure when it was aborted */
  async commit(): Promise<void> {
    this.#ended = true;
    await this.#pendingBegin;
    if (this.#session.broken) throw storeFault(new Error("the connection broke before COMMIT was sent"));
    const committed = this.#session.send({ text: "commit" });
    await Promise.allSettled([...this.#pendingQueries, committed]);
    // A statement that was answered with an error has undone everything, whatever became of COMMIT.
    if (this.#abortCause && sqlStateOf(this.#abortCause) !== undefined) throw this.#abortCause;
    const { command } = await committed.catch((error: unknown) => {
      // An ordinary error (a deferred constraint) is an answer: rolled back.
      throw endsSession(error) ? commitUnknown(error) : storeFault(error);
    });
    // COMMIT of an aborted transaction is answered with ROLLBACK, and is no error to the server.
    if (command === "ROLLBACK") throw this.#abortCause ?? storeFault(new Error("the transaction was rolled back"));
  }

  async rollback(): Promise<void> {
    this.#ended = true;
    // If it fails the session is thrown away, and the server rolls back by itself.
    await this.#session.send({ text: "rollback" }).catch(() => {});
  }

  #failTransaction(error: unknown): never {
    throw (this.#abortCause ??= storeFault(error));
  }
}
