import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { v7 } from "uuid";
import { PostgresStore } from "../runtime/adapters/postgres/postgres-store.ts";
import { ensureDayPartitions } from "../runtime/adapters/sql/migrate.ts";
import { utcDayOf } from "../runtime/core/time.ts";
import { insertSeen } from "../runtime/shell/turns/turn-statements.ts";
import { readSeen, seenKey } from "../runtime/stored/seen.ts";
import { freshDatabase } from "../test/real/services/fresh-database.ts";
import { up } from "../test/real/services/services.ts";
import { emptyTables } from "../test/shell/orders.ts";
import { failure } from "./failure.ts";
import { checkpoint, walBytes } from "./postgres-counters.ts";

const HELP = `npm run bench:seen -- [options]
What a turn's two statements on the ids of processed messages cost Postgres, on an empty store and on one that has the
ids of seven days and today: processor time for each id, log for each id behind a checkpoint (Linux).
  --ids N   how many ids it has, of which none is in any order (default 10000000)
`;
const { values: options } = parseArgs({
  options: { ids: { type: "string", default: "10000000" }, help: { type: "boolean", default: false } },
});

const DAY_MS = 86_400_000;
const DAYS = 8;
const IDS_A_TURN = 100;
const TURNS = 100;
const ID_KINDS = { "UUIDv7, begin with their time": v7, "UUIDv4, in no order": randomUUID };

/** A server's process for one connection. */
interface Session {
  readonly url: string;
  readonly store: PostgresStore;
  readonly pid: number;
}

/** Of a server's process, microseconds. */
const processorTime = ({ pid }: Session): number =>
  Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[0]) / 1_000;

async function measure(session: Session): Promise<Record<string, unknown>> {
  const { store, url } = session;
  const today = utcDayOf(Date.now());
  const figures: Record<string, unknown> = {};
  for (const [kind, newId] of Object.entries(ID_KINDS)) {
    let [looked, inserted] = [0, 0];
    const turn = async (): Promise<void> => {
      const keys = Array.from({ length: IDS_A_TURN }, () =>
        seenKey("bench", { entityId: "entity", type: "Message", id: newId() }),
      );
      const beganAt = processorTime(session);
      await readSeen(store, keys);
      const lookedAt = processorTime(session);
      await Promise.all(insertSeen(store, keys, today));
      looked += lookedAt - beganAt;
      inserted += processorTime(session) - lookedAt;
    };
    for (let warm = 0; warm < TURNS / 4; warm++) await turn();
    await checkpoint(url);
    [looked, inserted] = [0, 0];
    const before = await walBytes(url);
    for (let each = 0; each < TURNS; each++) await turn();
    const wal = (await walBytes(url)) - before;
    const ids = TURNS * IDS_A_TURN;
    const [lookUpMicroseconds, insertMicroseconds] = [looked, inserted].map((sum) => Math.round((sum / ids) * 10) / 10);
    figures[kind] = { lookUpMicroseconds, insertMicroseconds, walBytes: Math.round(wal / ids) };
  }
  return figures;
}

async function main(): Promise<void> {
  const services = await up({ keep: false });
  const { url, drop } = await freshDatabase(services.addresses.database);
  const store = new PostgresStore({ url, maxConnections: 1, statementTimeoutMs: 600_000 });
  try {
    await emptyTables(store);
    const days = Array.from({ length: DAYS }, (_, index) => utcDayOf(Date.now() - index * DAY_MS));
    await ensureDayPartitions(store, days);
    const [row] = await store.query<{ pid: number }>("select pg_backend_pid() as pid");
    const session = { url, store, pid: row?.pid ?? 0 };
    const empty = await measure(session);
    for (const day of days)
      await store.query(
        `insert into rollcall.seen select $1::text::date, gen_random_uuid() from generate_series(1, $2::int)`,
        [day, Math.ceil(Number(options.ids) / DAYS)],
      );
    await store.query("vacuum analyze rollcall.seen");
    process.stdout.write(
      `${JSON.stringify({ ids: Number(options.ids), empty, full: await measure(session) }, null, 2)}\n`,
    );
  } finally {
    await store.close();
    await drop();
    await services.release();
  }
}

if (options.help) process.stdout.write(HELP);
else await main().catch(failure("bench:seen"));
