import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { PostgresNotices } from "../../../runtime/adapters/postgres/postgres-notices.ts";
import { PostgresStore } from "../../../runtime/adapters/postgres/postgres-store.ts";
import { SystemClock } from "../../../runtime/adapters/system-clock.ts";
import type { Sql } from "../../../runtime/ports/store.ts";
import { describeReal } from "../../real/services/describe-real.ts";
import { freshDatabase, type FreshDatabase } from "../../real/services/fresh-database.ts";
import { startPgbouncer, type Pgbouncer } from "../../real/services/pgbouncer.ts";
import { startTcpProxy, type TcpProxy } from "../../real/services/tcp-proxy.ts";
import { until } from "../../shell/orders.ts";
import { describeNotices } from "../sql/notices-conformance.ts";

/** Instead of 10 s. */
const BEAT_EVERY_MS = 300;

describeReal("PostgresNotices", (services) => {
  let database: FreshDatabase;
  let store: PostgresStore;
  let proxy: TcpProxy;
  const opened: PostgresNotices[] = [];
  beforeAll(async () => {
    database = await freshDatabase(services.database);
    store = new PostgresStore({ url: database.url });
    proxy = await startTcpProxy(Number(new URL(database.url).port));
  });
  afterEach(() => Promise.all(opened.splice(0).map((notices) => notices.close())));
  afterAll(async () => {
    await store.close();
    await proxy.close();
    await database.drop();
  });

  const at = (port: number): string => {
    const url = new URL(database.url);
    url.host = `127.0.0.1:${port}`;
    return url.href;
  };
  const open = (process: string, listenUrl = database.url, sql: Sql = store): PostgresNotices => {
    const notices = new PostgresNotices({
      sql,
      listenUrl,
      clock: new SystemClock(),
      process,
      beatEveryMs: BEAT_EVERY_MS,
    });
    opened.push(notices);
    return notices;
  };
  const hearing = (notices: PostgresNotices): string[] => {
    const heard: string[] = [];
    notices.listen((domain, ends) => heard.push(`${domain} ${JSON.stringify([...ends])}`));
    return heard;
  };
  /** Tells until the other one hears it. */
  const untilHeard = async (from: PostgresNotices, heard: readonly string[], line: number): Promise<void> =>
    until(async () => {
      from.tell("orders", new Map([[0, line]]));
      await new Promise((resolve) => setTimeout(resolve, 20));
      return heard.includes(`orders [[0,${line}]]`);
    });
  describeNotices("PostgresNotices", () => open("suite"));

  it("are heard by other processes, those of a moment together", async () => {
    const [one, other] = [open("one"), open("other")];
    const heard = hearing(other);
    await untilHeard(one, heard, 1);
    heard.length = 0;
    one.tell("orders", new Map([[0, 2]]));
    one.tell("orders", new Map([[1, 7]]));
    one.tell("orders", new Map([[1, 8]]));
    one.tell("parcels", new Map([[1, 3]]));
    await until(() => heard.includes("parcels [[1,3]]"));
    const told = heard.join(" ");
    expect(told).toContain("[0,2]");
    expect(told).toContain("[1,8]");
    expect(told).not.toContain("[1,7]");
  });

  it("are sent by nobody who is alone", async () => {
    const sent: string[] = [];
    const sql: Sql = {
      query: (text, values = []) => {
        sent.push(...(values[1] as string[]));
        return store.query(text, values);
      },
    };
    const alone = open("alone", database.url, sql);
    await until(() => sent.filter((text) => text === "beat alone").length >= 3);
    alone.tell("orders", new Map([[0, 1]]));
    await until(() => sent.filter((text) => text === "beat alone").length >= 4);
    expect(new Set(sent)).toEqual(new Set(["beat alone"]));
    const other = open("other");
    await untilHeard(alone, hearing(other), 2);
  });

  describe("whose connection", () => {
    const unheard = (notices: PostgresNotices) => until(() => !notices.status.isHeard);
    const heardAgain = (notices: PostgresNotices) =>
      until(() => notices.status.isHeard && notices.status.reason === null);

    it("is frozen without an end say so, and hear again once it is open", async () => {
      const [one, other] = [open("one"), open("other", at(proxy.port))];
      const heard = hearing(other);
      await untilHeard(one, heard, 1);
      proxy.hold("to client");
      await unheard(other);
      expect(other.status).toMatchObject({ reason: expect.any(String), unheardForMs: expect.any(Number) });
      proxy.release();
      await heardAgain(other);
      await untilHeard(one, heard, 2);
    });

    it("is cut and refused say so, and hear again", async () => {
      const [one, other] = [open("one"), open("other", at(proxy.port))];
      const heard = hearing(other);
      await untilHeard(one, heard, 1);
      proxy.cut();
      await unheard(other);
      proxy.restore();
      await heardAgain(other);
      await untilHeard(one, heard, 2);
    });

    it("leads to another address later hear again", async () => {
      const first = await startTcpProxy(Number(new URL(database.url).port));
      const [one, other] = [open("one"), open("other", at(first.port))];
      const heard = hearing(other);
      await untilHeard(one, heard, 1);
      await first.close();
      await unheard(other);
      const second = await startTcpProxy(Number(new URL(database.url).port), first.port);
      await heardAgain(other);
      await untilHeard(one, heard, 2);
      await second.close();
    });

    it("is ended by the server again and again hear in between", async () => {
      const [one, other] = [open("one"), open("other")];
      const heard = hearing(other);
      for (let line = 1; line <= 5; line++) {
        await untilHeard(one, heard, line);
        await store.query(
          "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'rollcall listen'",
        );
      }
      await heardAgain(other);
    });

    it("is of a pooler in transaction mode say so, and are heard by others all the same", async ({ skip }) => {
      const pooler: Pgbouncer | undefined = await startPgbouncer(database.url);
      if (!pooler) return skip("no pgbouncer");
      try {
        const [pooled, other] = [open("pooled", pooler.url), open("other")];
        const heard = hearing(other);
        await unheard(pooled);
        await untilHeard(pooled, heard, 1);
      } finally {
        await pooler.stop();
      }
    });
  });
});
