import { readdirSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { z } from "zod";
import { PostgresStore } from "../runtime/adapters/postgres/postgres-store.ts";
import { SystemClock } from "../runtime/adapters/system-clock.ts";
import { row, type RowEntity } from "../runtime/core/projection.ts";
import { toRfc3339 } from "../runtime/core/time.ts";
import type { Domain } from "../runtime/core/domain.ts";
import type { Store } from "../runtime/ports/store.ts";
import { prepareProjections } from "../runtime/shell/projections/change-projections.ts";
import { readRows } from "../runtime/stored/projection-rows.ts";
import { viewedCode, viewsOf } from "../test/contract/viewed-orders.ts";
import { freshDatabase } from "../test/real/services/fresh-database.ts";
import { up } from "../test/real/services/services.ts";
import { emptyTables, ordersDomain, startOrders } from "../test/shell/orders.ts";
import { failure } from "./failure.ts";
import { checkpoint, rowsWritten, walBytes } from "./postgres-counters.ts";

const HELP = `npm run bench:projections -- [options]
What a projection of 8 columns costs: orders that are placed, with and without it, in alternating rounds on Postgres;
and a list of 1,000 of many rows.
  --orders N   a round (default 5000)
  --rounds N   of each (default 3)
  --rows N     of which 1,000 are listed (default 100000)
`;
const { values: options } = parseArgs({
  options: {
    orders: { type: "string", default: "5000" },
    rounds: { type: "string", default: "3" },
    rows: { type: "string", default: "100000" },
    help: { type: "boolean", default: false },
  },
});

/** With the entity's id 8 columns, and three indexes beside the key. */
const eight = row({
  version: 1,
  shape: z.object({
    ...{ amount: z.int(), status: z.string(), note: z.string().nullable(), marks: z.array(z.string()) },
    ...{ half: z.number(), open: z.boolean(), placed: z.iso.datetime() },
  }),
  of: ({ state, isLive, data: { amount }, stateSince }: RowEntity<{ readonly amount: number }>) => ({
    ...{ amount, status: state, note: null, marks: ["even"], half: amount / 2, open: isLive },
    placed: toRfc3339(stateSince),
  }),
});
const EDITS = [["note: btree, marks: gin, placed: btree", "placed: btree"]] as const;
const withOne = (domain: Domain): Domain => {
  const { projections } = viewsOf(EDITS, viewedCode({ order_row: eight }));
  return { ...domain, projections: projections.slice(0, 1) };
};

interface Cost {
  readonly rows: number;
  readonly walBytes: number;
  readonly serverMs: number;
  readonly seconds: number;
}

async function costOf(url: string, orders: number, changed: (domain: Domain) => Domain): Promise<Cost> {
  const store = new PostgresStore({ url });
  await store.query("drop schema if exists rollcall_orders cascade");
  await emptyTables(store);
  await prepareProjections({ store, domain: ordersDomain({ changed }), clock: new SystemClock() });
  const { runtime, publish, settled } = await startOrders(store, { changed, keepsTold: false });
  await checkpoint(url);
  const before = { rows: await rowsWritten(url), walBytes: await walBytes(url), serverMs: await serverMs(store) };
  const beganMs = performance.now();
  for (let from = 0; from < orders; from += 500)
    await publish(
      "place-order",
      Array.from({ length: Math.min(500, orders - from) }, (_, at) => ({ order_id: `o${from + at}`, amount: 1 + at })),
    );
  await settled();
  const seconds = (performance.now() - beganMs) / 1_000;
  const server = (await serverMs(store)) - before.serverMs;
  await runtime.stop();
  // A connection that ends tells what it has written.
  await store.close();
  return {
    rows: ((await rowsWritten(url)) - before.rows) / orders,
    walBytes: ((await walBytes(url)) - before.walBytes) / orders,
    serverMs: server / orders,
    seconds,
  };
}

const TICK_MS = 10;

/** CPU time of the server and all its processes, those that have ended too, on this machine. */
async function serverMs(store: Store): Promise<number> {
  const [row] = await store.query<{ pid: number }>("select pg_backend_pid() as pid");
  const statOf = (pid: string): readonly number[] =>
    readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ")
      .map(Number);
  const server = String(statOf(String(row?.pid))[1]);
  const [, , , , , , , , , , , user = 0, system = 0, userOfEnded = 0, systemOfEnded = 0] = statOf(server);
  let ticks = user + system + userOfEnded + systemOfEnded;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name)))
    try {
      const stat = statOf(pid);
      if (String(stat[1]) === server) ticks += (stat[11] ?? 0) + (stat[12] ?? 0);
    } catch {
      // It has ended meanwhile.
    }
  return ticks * TICK_MS;
}

async function list(store: Store, rows: number): Promise<void> {
  const [spec] = withOne(ordersDomain()).projections;
  if (!spec) return;
  await store.query(
    `insert into rollcall_orders.order_list_v1
     select 'x' || n, n, 'TOLD', null, '{even}', n / 2.0, true, now() from generate_series(1, $1::int) as n
     on conflict do nothing`,
    [rows],
  );
  await store.query("analyze rollcall_orders.order_list_v1");
  const sort = [{ column: "amount", descending: true }];
  for (const limit of [1_000, 1_000, 1_000]) {
    const beganMs = performance.now();
    let count = 0;
    for await (const piece of readRows(store, spec, {
      where: [{ column: "status", test: "equals", value: "TOLD" }],
      sort,
      limit,
    }))
      count += piece.length;
    process.stdout.write(
      `${count} of ${rows} rows, sorted, with live columns: ${(performance.now() - beganMs).toFixed(1)} ms\n`,
    );
  }
}

async function run(): Promise<void> {
  const { addresses, release } = await up({ keep: false });
  const { url, drop } = await freshDatabase(addresses.database);
  const rounds = Array.from({ length: Number(options.rounds) }, () => [
    ["without", same] as const,
    ["with one", withOne] as const,
  ]);
  for (const [name, changed] of rounds.flat()) {
    const { rows, walBytes: bytes, serverMs: ms, seconds } = await costOf(url, Number(options.orders), changed);
    process.stdout.write(
      `${name.padEnd(9)} ${rows.toFixed(1)} rows, ${(bytes / 1_024).toFixed(1)} KiB of WAL, ` +
        `${ms.toFixed(3)} ms of the server an order; ${seconds.toFixed(1)} s\n`,
    );
  }
  const store = new PostgresStore({ url });
  await list(store, Number(options.rows));
  await store.close();
  await drop();
  await release();
}
const same = (domain: Domain): Domain => domain;

if (options.help) process.stdout.write(HELP);
else await run().catch(failure("bench:projections"));
