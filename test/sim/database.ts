import { Fault } from "../../runtime/core/fault.ts";
import type { Sql, SqlValue, Store } from "../../runtime/ports/store.ts";
import { EPOCH_MS, type Machine } from "./machine.ts";
import { newEnv, compile, type Run } from "./sql/compile.ts";
import { tablesOf } from "./sql/schema.ts";
import { type Change, LockWait, type Table, type TableSchema, Transaction, type Values } from "./sql/tables.ts";
import { handedOut, SqlError, type Value } from "./sql/values.ts";
import type { Network } from "./network.ts";

// Shared by all simulations: the schemas are the same, and so is what a text means.
const compiled = new Map<string, Run>();

/**
 * All tables are there from the start. One that is dropped is emptied; what makes tables and views, and limits the wait
 * for locks, does nothing; the lock that the server has for those who make tables is one on a row.
 */
function withoutDefinitions(text: string): string | undefined {
  const [, dropped] = /^drop table (?:if exists )?(.*)$/.exec(text) ?? [];
  if (dropped !== undefined) return `delete from ${dropped}`;
  if (text.startsWith("select pg_advisory_xact_lock")) return "select key from advisory_lock where key = $1 for update";
  return /^(create|drop view|do|set local) /.test(text) ? undefined : text;
}

/** A statement and its result, for the comparison with a real database. */
export interface Executed {
  readonly transaction: number;
  readonly text: string;
  readonly values: readonly SqlValue[];
  readonly rows: readonly Values[] | undefined;
}

/**
 * A database server in memory: transactions, row locks, one copy of the truth. Knows tables and SQL, and nothing else.
 */
export class Database {
  readonly tables: ReadonlyMap<string, Table>;
  readonly network: Network;
  /** After every commit that changed something. */
  onCommit: (changes: readonly Change[], transaction: Transaction) => void = () => {};
  onExecuted:
    ((executed: Executed | { readonly transaction: number; readonly end: "commit" | "rollback" }) => void) | undefined;
  /** For planted defects: changes a statement before it is run. */
  rewrite: (text: string) => string = (text) => text;
  readonly #open = new Set<Session>();

  constructor(schemas: readonly TableSchema[], network: Network) {
    this.tables = tablesOf(schemas);
    this.network = network;
  }

  table(name: string): Values[] {
    return [...(this.tables.get(name)?.rows ?? [])].flatMap(({ committed }) => (committed ? [committed] : []));
  }

  begin(): Transaction {
    return new Transaction(this.nowMs);
  }
  get nowMs(): number {
    return Math.floor(EPOCH_MS + this.network.scheduler.nowMs);
  }

  /** @throws LockWait, SqlError */
  execute(transaction: Transaction, text: string, values: readonly SqlValue[]): Values[] {
    const meant = withoutDefinitions(this.rewrite(text));
    if (meant === undefined) return [];
    let run = compiled.get(meant);
    if (!run) compiled.set(meant, (run = compile(meant, this.tables)));
    transaction.beginStatement();
    try {
      const rows = run(
        newEnv({ params: values as readonly Value[], transaction, tables: this.tables, nowMs: this.nowMs }),
      );
      const out = rows.map((row) => {
        const handed: Record<string, unknown> = {};
        for (const name in row) handed[name] = handedOut(row[name] ?? null);
        return handed as Values;
      });
      this.onExecuted?.({ transaction: transaction.id, text, values, rows: out });
      return out;
    } catch (error) {
      transaction.undoStatement();
      throw error;
    }
  }

  commit(transaction: Transaction): void {
    const changes = transaction.commit();
    this.onExecuted?.({ transaction: transaction.id, end: "commit" });
    if (changes.length > 0) this.onCommit(changes, transaction);
  }

  rollback(transaction: Transaction): void {
    transaction.rollback();
    this.onExecuted?.({ transaction: transaction.id, end: "rollback" });
  }

  opened(session: Session): void {
    this.#open.add(session);
  }
  closed(session: Session): void {
    this.#open.delete(session);
  }

  /** What was not committed is undone, and the sessions break: of one machine, or of all when the server restarts. */
  sever(machine?: Machine): void {
    for (const session of [...this.#open]) if (!machine || session.machine === machine) session.break();
  }
}

/** What is sent in one stretch travels together: one event of the simulation for all of it. */
class Packets {
  #sentIn = -1;
  #calls: (() => void)[] = [];

  /** @param event the simulation's, counted @param travel starts a packet on its way */
  add(call: () => void, event: number, travel: (arrived: () => void) => void): void {
    if (event !== this.#sentIn) {
      this.#sentIn = event;
      const calls: (() => void)[] = (this.#calls = []);
      travel(() => {
        for (const each of calls) each();
      });
    }
    this.#calls.push(call);
  }
}

/**
 * One connection's transaction, on the server: its statements run one after the other, each waits for the locks it
 * needs.
 */
class Session {
  readonly #database: Database;
  readonly machine: Machine;
  readonly transaction: Transaction;
  readonly #queue: (() => void)[] = [];
  #isWaiting = false;
  /** When the last packet arrives: packets of one connection stay in order. */
  arrivesAtMs = 0;
  readonly out = new Packets();
  readonly back = new Packets();
  isBroken = false;
  aborted: SqlError | undefined;

  constructor(database: Database, machine: Machine) {
    this.#database = database;
    this.machine = machine;
    this.transaction = database.begin();
    database.opened(this);
  }

  add(job: () => void): void {
    this.#queue.push(job);
    this.#work();
  }

  #work(): void {
    for (let job = this.#queue[0]; job && !this.#isWaiting; job = this.#queue[0]) {
      try {
        job();
        this.#queue.shift();
      } catch (error) {
        if (!(error instanceof LockWait)) throw error;
        this.#wait(error.holder);
      }
    }
  }

  #wait(holder: Transaction): void {
    for (let other: Transaction | undefined = holder; other; other = other.waitsFor)
      if (other === this.transaction) {
        // As Postgres does it: one of the transactions in a deadlock is aborted.
        this.aborted = new SqlError("40P01", "deadlock detected");
        return;
      }
    this.#isWaiting = true;
    this.transaction.waitsFor = holder;
    holder.whenEnded(() => {
      this.#isWaiting = false;
      this.transaction.waitsFor = undefined;
      this.#database.network.scheduler.after(0, () => this.#work());
    });
  }

  end(how: "commit" | "rollback"): void {
    this.#database.closed(this);
    if (this.transaction.ended) return;
    if (how === "commit") this.#database.commit(this.transaction);
    else this.#database.rollback(this.transaction);
  }

  break(): void {
    if (this.isBroken) return;
    this.isBroken = true;
    this.end("rollback");
    this.#isWaiting = false;
    this.#work();
  }
}

const unavailable = (what: string, cause?: unknown): Fault =>
  new Fault("STORE_UNAVAILABLE", what, { retryable: true, cause });

function faultOf(error: SqlError): Fault {
  if (/^(22|23|54)/.test(error.code))
    return new Fault("STORE_REFUSED", error.message, { retryable: false, cause: error });
  return unavailable(error.message, error);
}

/** A machine's way to the database: the product's `Store`. */
export class SimStore implements Store {
  readonly kind = "postgres";
  readonly #database: Database;
  readonly #machine: Machine;

  constructor(database: Database, machine: Machine) {
    this.#database = database;
    this.#machine = machine;
    const { scheduler, random } = database.network;
    machine.whenDead(() => scheduler.after(random.next() * 20, () => database.sever(machine)));
  }

  query<Row = Record<string, unknown>>(text: string, values: readonly SqlValue[] = []): Promise<Row[]> {
    const session = new Session(this.#database, this.#machine);
    return this.#send(session, () => {
      try {
        const rows = this.#execute(session, text, values);
        session.end("commit");
        return rows as unknown as Row[];
      } catch (error) {
        if (!(error instanceof LockWait)) session.end("rollback");
        throw error;
      }
    });
  }

  async transaction<Result>(work: (tx: Sql) => Promise<Result>): Promise<Result> {
    const session = new Session(this.#database, this.#machine);
    const tx: Sql = {
      query: <Row>(text: string, values: readonly SqlValue[] = []) => {
        const answer = this.#send(session, () => this.#execute(session, text, values) as unknown as Row[]);
        answer.catch(() => {});
        return answer;
      },
    };
    let result: Result;
    try {
      result = await work(tx);
    } catch (error) {
      await this.#send(session, () => session.end("rollback")).catch(() => {});
      throw error;
    }
    await this.#commit(session);
    return result;
  }

  script(): Promise<void> {
    return Promise.reject(new Error("a simulated store has its tables from the start"));
  }
  version(): Promise<string> {
    return Promise.resolve("PostgreSQL, simulated");
  }
  close(): Promise<void> {
    return Promise.resolve();
  }

  #execute(session: Session, text: string, values: readonly SqlValue[]): Values[] {
    if (session.aborted) throw faultOf(session.aborted);
    try {
      return this.#database.execute(session.transaction, text, values);
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      session.aborted = error;
      throw faultOf(error);
    }
  }

  /** One statement on its way through a session. */
  #send<Result>(session: Session, work: () => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (!this.#machine.countCall()) return;
      this.#go(session, () =>
        session.add(() => {
          if (session.isBroken) return this.#answer(session, () => reject(unavailable("the connection is gone")));
          let result: Result;
          try {
            result = work();
          } catch (error) {
            if (error instanceof LockWait) throw error;
            return this.#answer(session, () => reject(error as Error));
          }
          this.#answer(session, () => resolve(result));
        }),
      );
    });
  }

  #go(session: Session, arrived: () => void): void {
    const { network } = this.#database;
    const { scheduler } = network;
    session.out.add(arrived, scheduler.events, (all) => {
      session.arrivesAtMs = Math.max(session.arrivesAtMs, scheduler.nowMs + network.oneWayDelayMs("store"));
      scheduler.after(session.arrivesAtMs - scheduler.nowMs, () => {
        if (network.faults.store.down) session.break();
        all();
      });
    });
  }

  #answer(session: Session, call: () => void): void {
    const { network } = this.#database;
    session.back.add(
      call,
      network.scheduler.events,
      (all) => void this.#machine.after(network.oneWayDelayMs("store"), all),
    );
  }

  #commit(session: Session): Promise<void> {
    const { network } = this.#database;
    const { scheduler, random } = network;
    return new Promise((resolve, reject) => {
      if (!this.#machine.countCall()) return;
      const answer = (call: () => void): void => this.#answer(session, call);
      const unknown = (): void =>
        answer(() => reject(new Fault("COMMIT_UNKNOWN", "the answer to COMMIT was lost", { retryable: true })));
      const commit = (done: () => void, failed: (error: SqlError | undefined) => void): void =>
        session.add(() => {
          if (session.isBroken) return failed(undefined);
          session.end(session.aborted ? "rollback" : "commit");
          if (session.aborted) failed(session.aborted);
          else done();
        });
      const isLost = random.chance(network.faults.store.responseLost);
      this.#go(session, () => {
        if (!isLost)
          commit(
            () => answer(resolve),
            (error) => (error ? answer(() => reject(faultOf(error))) : unknown()),
          );
        else {
          // Done, not done, or still under way when the connection breaks.
          const fate = random.weighted({ done: 1, undone: 1, later: 1 });
          unknown();
          if (fate === "undone") session.break();
          else
            scheduler.after(fate === "later" ? random.next() * 300 : 0, () =>
              commit(
                () => {},
                () => {},
              ),
            );
        }
      });
    });
  }
}
