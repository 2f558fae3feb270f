import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PGlite, Transaction } from "@electric-sql/pglite";
import type { Fault } from "../../core/fault.ts";
import type { Sql, SqlValue, Store } from "../../ports/store.ts";
import { DirectoryLock } from "./directory-lock.ts";
import { PgliteMaintenance } from "./pglite-maintenance.ts";
import { settleWithin } from "../../ports/settle-within.ts";
import { storeFault } from "../sql/sql-fault.ts";
import { parsers, toParameter } from "../sql/sql-types.ts";

const closeTimeoutMs = 5_000;

/**
 * Postgres inside this process. There is one session, so transactions run one after another and queries wait for them:
 * inside a transaction's `work` only its handle may be used, a query on the store would never return. A crash of the
 * process loses no acknowledged row; a power cut may, because PGlite never calls fsync.
 */
export class PgliteStore implements Store {
  readonly kind = "pglite";
  readonly #db: PGlite;
  readonly #lock: DirectoryLock | undefined;
  readonly #maintenance: PgliteMaintenance;
  #closed: Promise<void> | undefined;

  /**
   * @param options `directory`: the folder of its files; undefined: in memory, lost when closed
   * @throws Fault STORE_LOCKED, not retryable: another process has the directory open; names its pid
   */
  static async open({ directory }: { readonly directory: string | undefined }): Promise<PgliteStore> {
    const lock = directory === undefined ? undefined : new DirectoryLock(directory);
    try {
      return new PgliteStore(await openDatabase(directory), lock);
    } catch (error) {
      lock?.release();
      throw storeFault(error);
    }
  }

  private constructor(db: PGlite, lock: DirectoryLock | undefined) {
    this.#db = db;
    this.#lock = lock;
    this.#maintenance = new PgliteMaintenance(this);
    this.#maintenance.start();
  }

  async query<Row = Record<string, unknown>>(text: string, values?: readonly SqlValue[]): Promise<Row[]> {
    this.#lock?.assertHeld();
    return run<Row>(this.#db, text, values);
  }

  async transaction<Result>(work: (tx: Sql) => Promise<Result>): Promise<Result> {
    this.#lock?.assertHeld();
    // PGlite rethrows what `work` threw as well as its own errors, and only its own become faults.
    let thrown: { readonly error: unknown } | undefined;
    try {
      return await this.#db.transaction(async (tx) => {
        const handle = new PgliteTransaction(tx);
        try {
          const result = await work(handle);
          await Promise.all(handle.pending);
          return result;
        } catch (error) {
          thrown = { error };
          throw error;
        }
      });
    } catch (error) {
      throw thrown === undefined ? storeFault(error) : thrown.error;
    }
  }

  async script(tx: Sql, text: string): Promise<void> {
    if (!(tx instanceof PgliteTransaction)) throw new TypeError("script() needs the handle of a transaction");
    await tx.script(text);
  }

  async version(): Promise<string> {
    const [row] = await this.query<{ name: string }>("select split_part(version(), ' on ', 1) as name");
    return row?.name ?? "unknown";
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#shutDown());
  }

  async #shutDown(): Promise<void> {
    this.#maintenance.stop();
    if (this.#lock?.isLost === true) return;
    const isClosed = this.#db.close().then(() => true);
    // A database that is not closed may still write: then the lock stays until the process has ended.
    if (await settleWithin(closeTimeoutMs, isClosed, () => false)) this.#lock?.release();
  }
}

class PgliteTransaction implements Sql {
  readonly #tx: Transaction;
  /** The first failure: the errors of later statements only say that the transaction is aborted. */
  #abortCause: Fault | undefined;
  readonly pending: Promise<unknown>[] = [];

  constructor(tx: Transaction) {
    this.#tx = tx;
  }

  query<Row = Record<string, unknown>>(text: string, values?: readonly SqlValue[]): Promise<Row[]> {
    return this.#track(run(this.#tx, text, values));
  }

  async script(text: string): Promise<void> {
    await this.#track(this.#tx.exec(text));
  }

  #track<Result>(work: Promise<Result>): Promise<Result> {
    const answer = work.catch((error: unknown) => {
      throw (this.#abortCause ??= storeFault(error));
    });
    this.pending.push(answer);
    // The transaction awaits it too, so a caller need not.
    answer.catch(() => {});
    return answer;
  }
}

async function run<Row>(db: PGlite | Transaction, text: string, values: readonly SqlValue[] = []): Promise<Row[]> {
  const parameters = values.map(toParameter);
  try {
    const { rows } = await db.query<Row>(text, parameters);
    return rows;
  } catch (error) {
    throw storeFault(error);
  }
}

async function openDatabase(directory: string | undefined): Promise<PGlite> {
  // Imported here because it is 16 MB of WebAssembly, which a process with a Postgres server never needs.
  const { PGlite } = await import("@electric-sql/pglite");
  const data = directory && join(directory, "data");
  const complete = directory && join(directory, "complete");
  // A process that ended during initdb left an incomplete database, which can't be told from a complete one.
  if (data && complete && !existsSync(complete)) rmSync(data, { recursive: true, force: true });
  const db = await PGlite.create(data);
  if (complete) writeFileSync(complete, "");
  // PGlite must not convert anything itself: `toParameter` and `parsers` do it as for Postgres.
  for (const type of Object.keys(db.serializers)) db.serializers[type] = (value: string) => value;
  for (const [type, parse] of parsers) db.parsers[type] = parse;
  return db;
}
