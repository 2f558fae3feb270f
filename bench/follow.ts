import { randomUUID } from "node:crypto";
import { parseArgs } from "node:util";
import { PostgresNotices } from "../runtime/adapters/postgres/postgres-notices.ts";
import { PostgresStore } from "../runtime/adapters/postgres/postgres-store.ts";
import { SystemClock } from "../runtime/adapters/system-clock.ts";
import { Followers } from "../runtime/shell/follow/followers.ts";
import { JournalReader } from "../runtime/shell/follow/journal-reader.ts";
import type { ShellEvent } from "../runtime/shell/shell-event.ts";
import { freshDatabase } from "../test/real/services/fresh-database.ts";
import { up } from "../test/real/services/services.ts";
import { startTcpProxy } from "../test/real/services/tcp-proxy.ts";
import { emptyTables, startOrders } from "../test/shell/orders.ts";
import { failure } from "./failure.ts";

const HELP = `npm run bench:follow -- [options]
How long a caller waits for what becomes of a command, from its publishing on, on Postgres: in the process that takes
it; in another one, with LISTEN and without; and what a notice costs Postgres. The log is Postgres too, without Kafka.
  --commands N    of each kind, one after the other (default 300)
`;
const { values: options } = parseArgs({
  options: { commands: { type: "string", default: "300" }, help: { type: "boolean", default: false } },
});
/** What a process does that has not heard itself for 20 s, sooner. */
const BEAT_EVERY_MS = 200;
const NOTICES = 2_000;

const quantile = (sorted: readonly number[], share: number): number =>
  Math.round((sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0) * 10) / 10;

async function measure(databaseUrl: string): Promise<void> {
  const clock = new SystemClock();
  const store = new PostgresStore({ url: databaseUrl, maxConnections: 10 });
  await emptyTables(store);
  const proxy = await startTcpProxy(Number(new URL(databaseUrl).port));
  const frozen = new URL(databaseUrl);
  frozen.host = `127.0.0.1:${proxy.port}`;
  const noticesOf = (process: string, listenUrl: string, beatEveryMs?: number) =>
    new PostgresNotices({ sql: store, listenUrl, clock, process, ...(beatEveryMs !== undefined && { beatEveryMs }) });
  const owner = noticesOf("owner", databaseUrl);
  const listening = noticesOf("listening", databaseUrl);
  const deaf = noticesOf("deaf", frozen.href, BEAT_EVERY_MS);
  let passOn = (_event: ShellEvent): void => {};
  const { runtime, publish, domain } = await startOrders(store, { observe: (event) => passOn(event) });
  const open = (notices: PostgresNotices) => {
    const reader = new JournalReader({ domain: "orders", store, clock, notices });
    return {
      reader,
      followers: new Followers({ ...{ store, clock, reader }, domain: () => domain, partitionCount: () => 4 }),
    };
  };
  const all = {
    "the owner's process": open(owner),
    "another, with LISTEN": open(listening),
    "another, without": open(deaf),
  };
  const own = all["the owner's process"].reader;
  passOn = (event) => {
    if (event.kind !== "committed") return;
    own.passOn(event);
    owner.tell("orders", new Map(event.partitions.map(({ partition, lastLine }) => [partition, lastLine])));
  };
  proxy.hold("to client");
  while (deaf.status.isHeard) await new Promise((resolve) => setTimeout(resolve, 50));
  const rows = [];
  for (const [where, { followers }] of Object.entries(all))
    rows.push({ where, ...(await askAll(followers, `order-${where.length}`, publish)) });
  console.table(rows);
  await measureNotices(store);
  for (const { reader, followers } of Object.values(all)) {
    followers.close();
    reader.close();
  }
  await runtime.stop();
  proxy.release();
  await Promise.all([owner.close(), listening.close(), deaf.close()]);
  await proxy.close();
  await store.close();
}

/** One command after the other. @returns ms */
async function askAll(
  followers: Followers,
  prefix: string,
  publish: Awaited<ReturnType<typeof startOrders>>["publish"],
): Promise<Readonly<Record<"p50" | "p99", number>>> {
  const took: number[] = [];
  for (let nth = 0; nth < Number(options.commands); nth++) {
    const [entityId, messageId] = [`${prefix}-${nth}`, randomUUID()];
    const startedMs = performance.now();
    const told = await followers.follow({
      ...{ entityId, messageId, reading: "answers", signal: AbortSignal.timeout(10_000) },
      publish: async () => {
        await publish("place-order", [{ order_id: entityId, amount: 5 }], () => ({ message_id: messageId }));
        return undefined;
      },
    });
    await told.next();
    took.push(performance.now() - startedMs);
    await told.return();
  }
  took.sort((a, b) => a - b);
  return { p50: quantile(took, 0.5), p99: quantile(took, 0.99) };
}

/** One after the other, apart from turns. */
async function measureNotices(store: PostgresStore): Promise<void> {
  const wal = async (): Promise<number> =>
    Number((await store.query<{ at: number }>("select pg_current_wal_insert_lsn() - '0/0'::pg_lsn as at"))[0]?.at);
  const [walBefore, startedMs] = [await wal(), performance.now()];
  const { user, system } = process.cpuUsage();
  for (let nth = 0; nth < NOTICES; nth++)
    await store.query("select pg_notify($1, text) from unnest($2::text[]) as text", ["rollcall", [`orders:0=${nth}`]]);
  const cpu = process.cpuUsage({ user, system });
  console.table({
    "a notice, ms": (performance.now() - startedMs) / NOTICES,
    "CPU here, ms": (cpu.user + cpu.system) / 1_000 / NOTICES,
    "WAL, bytes": ((await wal()) - walBefore) / NOTICES,
  });
}

async function main(): Promise<void> {
  const services = await up({ keep: false });
  const { url, drop } = await freshDatabase(services.addresses.database);
  try {
    await measure(url);
  } finally {
    await drop();
    await services.release();
  }
}

if (options.help) process.stdout.write(HELP);
else await main().catch(failure("bench:follow"));
