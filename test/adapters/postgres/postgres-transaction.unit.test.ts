import type pg from "pg";
import { describe, expect, it } from "vitest";
import { PostgresSession, PostgresTransaction } from "../../../runtime/adapters/postgres/postgres-transaction.ts";

const LOCK = "select partition from rollcall.partition_owner where partition = any($1::int[]) for update";

/** A connection whose BEGIN is answered when the test calls `answer`. */
function waiting() {
  const sent: string[] = [];
  let answer: (error?: Error) => void = () => {};
  const begun = new Promise<void>((resolve, reject) => (answer = (error) => (error ? reject(error) : resolve())));
  const query = ({ text }: { readonly text: string }): Promise<object> => {
    sent.push(text.split(" ")[0] ?? "");
    return text.startsWith("begin")
      ? begun.then(() => ({ rows: [] }))
      : Promise.resolve({ rows: [], command: "COMMIT" });
  };
  const stream = { cork: () => {}, uncork: () => {} };
  const client = { on: () => {}, query, connection: { stream } } as unknown as pg.PoolClient;
  const tx = new PostgresTransaction(new PostgresSession(client));
  tx.begin();
  return { tx, sent, answer };
}

describe("a transaction whose BEGIN is not answered yet", () => {
  it("sends a locking read at once, and a write only after the answer", async () => {
    const { tx, sent, answer } = waiting();
    await tx.query(LOCK, [[1]]);
    const written = tx.query("insert into t values ($1)", [1]);
    await new Promise(setImmediate);
    expect(sent).toEqual(["begin", "select"]);
    answer();
    await written;
    await tx.commit();
    expect(sent).toEqual(["begin", "select", "insert", "commit"]);
  });

  it("writes nothing and does not commit when BEGIN fails: each statement would commit by itself", async () => {
    const { tx, sent, answer } = waiting();
    const locked = tx.query(LOCK, [[1]]);
    const written = tx.query("insert into t values ($1)", [1]);
    answer(new Error("the pooler is full"));
    await expect(written).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    await locked.catch(() => {});
    await expect(tx.query("update t set n = $1", [1])).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    await expect(tx.commit()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    await tx.rollback();
    expect(sent).toEqual(["begin", "select", "rollback"]);
  });

  it("treats a call of a function as a write", async () => {
    const { tx, sent, answer } = waiting();
    const called = tx.query("select rollcall.create_day_partitions($1)", ["2026-01-01"]);
    await new Promise(setImmediate);
    expect(sent).toEqual(["begin"]);
    answer();
    await called;
  });
});
