import pg from "pg";
import type { Locks } from "../../ports/locks.ts";
import { settleWithin } from "../../ports/settle-within.ts";
import { storeFault } from "../sql/sql-fault.ts";

const ANSWER_MS = 5_000;
const CLOSE_MS = 1_000;
const GRACE_MS = 15_000;
// Without parameters, which would leave a portal open, and with it a snapshot that keeps vacuum from removing rows.
const holdSql = (names: readonly string[]): string =>
  `select name from unnest(array[${names.map((name) => pg.escapeLiteral(name)).join()}]::text[]) as name
    where pg_try_advisory_xact_lock(hashtextextended('rollcall ' || name, 0))`;

/**
 * Advisory locks of one transaction, which stays open on a connection of its own: a pooler that lends a connection for
 * a transaction would share locks of a session with other programs. The server ends it when it hears nothing for 15 s,
 * so that the locks of a machine that vanished come free.
 */
export class PostgresLocks implements Locks {
  readonly graceMs = GRACE_MS;
  readonly #url: string;
  #client: pg.Client | undefined;
  #isClosed = false;

  /** @param url as of `PostgresStore` */
  constructor(url: string) {
    this.#url = url;
  }

  async hold(names: readonly string[]): Promise<ReadonlySet<string>> {
    try {
      const client = (this.#client ??= await this.#open());
      const { rows } = await client.query<{ name: string }>(holdSql(names));
      return new Set(rows.map(({ name }) => name));
    } catch (error) {
      this.#drop(this.#client);
      throw storeFault(error);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const client = this.#client;
    this.#client = undefined;
    if (client) await settleWithin(CLOSE_MS, client.end(), () => {}).catch(() => {});
  }

  async #open(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.#url,
      connectionTimeoutMillis: ANSWER_MS,
      query_timeout: ANSWER_MS,
      application_name: "rollcall locks",
      keepAlive: true,
    });
    client.on("error", () => this.#drop(client));
    try {
      await client.connect();
      // It alone keeps no process alive.
      (client as unknown as Pick<NodeJS.Timeout, "unref">).unref();
      await client.query(
        `begin isolation level read committed; set local statement_timeout to ${ANSWER_MS};` +
          `set local idle_in_transaction_session_timeout to ${GRACE_MS}`,
      );
      if (this.#isClosed) throw new Error("the locks were given back");
      return client;
    } catch (error) {
      this.#drop(client);
      throw error;
    }
  }

  #drop(client: pg.Client | undefined): void {
    if (this.#client === client) this.#client = undefined;
    client?.end().catch(() => {});
  }
}
