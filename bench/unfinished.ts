import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { PostgresStore } from "../runtime/adapters/postgres/postgres-store.ts";
import type { Domain } from "../runtime/core/domain.ts";
import { done, effect, failed } from "../runtime/core/effect.ts";
import { Fault } from "../runtime/core/fault.ts";
import { toyCode } from "../test/contract/toy-domain.ts";
import { freshDatabase } from "../test/real/services/fresh-database.ts";
import { up } from "../test/real/services/services.ts";
import { emptyTables, startOrders } from "../test/shell/orders.ts";
import { failure } from "./failure.ts";
import { rssMiB } from "./measure.ts";

const HELP = `npm run bench:unfinished -- [options]
A backend is away while a process asks it for more and more; the process is killed, and another one takes over on the
same Postgres: what of the journal it has to read, how long that takes, its memory. Then the backend is back, and
everything must have been done, each once.
  --intents N    (default 100000)
  --minutes N    how long the backend is away once all were asked for (default 60)
`;
const { values: options } = parseArgs({
  options: {
    intents: { type: "string", default: "100000" },
    minutes: { type: "string", default: "60" },
    help: { type: "boolean", default: false },
    /** Of the process that serves: its database, and whether the backend is away. */
    database: { type: "string" },
    away: { type: "boolean", default: false },
  },
});
const ORDERS_PER_CALL = 500;
const RETRY_MAX_MS = 30_000;

/** What the serving process tells. */
type Told =
  | { readonly kind: "ready"; readonly ms: number; readonly intents: number }
  | { readonly kind: "charged"; readonly ids: readonly string[] };

/** A process of its own, which ends by being killed. */
async function serve(database: string): Promise<void> {
  const store = new PostgresStore({ url: database });
  const tell = (told: Told): void => void process.send?.(told);
  const away = new Fault("BANK_BUSY", "the bank is away", { retryable: true });
  const charge = effect(
    toyCode.intents[0] as never,
    ["BANK_BUSY"],
    async (intents: readonly { readonly id: string }[]) => {
      if (options.away) return intents.map(() => failed(away));
      tell({ kind: "charged", ids: intents.map(({ id }) => id) });
      return intents.map(() => done({ type: "CardCharged", payload: {} }));
    },
  );
  const startedMs = performance.now();
  const { runtime, publish } = await startOrders(store, {
    effects: { HandlerCardCharge: charge },
    limits: { intentsMax: Infinity, unpublishedMax: Infinity },
    changed: withoutEnd,
  });
  tell({ kind: "ready", ms: Math.round(performance.now() - startedMs), intents: runtime.status().intents });
  if (!options.away) return;
  for (let sent = 0; sent < Number(options.intents); sent += ORDERS_PER_CALL)
    await publish(
      "place-order",
      Array.from({ length: ORDERS_PER_CALL }, (_, n) => ({ order_id: `order-${sent + n}`, amount: 1 })),
    );
}

/** Tries are not used up, and nobody waits for the end of an order. */
function withoutEnd(domain: Domain): Domain {
  const patient = [...domain.orchestrator.states].map(([name, { deadline: _, ...state }]) => [name, state] as const);
  const effects = [...domain.effects].map(([type, spec]) => {
    const { retryOn: _, ...retry } = spec.retry;
    const endless = { ...retry, maxRetries: "unlimited", maxDelayMs: RETRY_MAX_MS } as const;
    return [type, { ...spec, retry: endless }] as const;
  });
  const orchestrator = { ...domain.orchestrator, states: new Map(patient) };
  return { ...domain, orchestrator, effects: new Map(effects) };
}

function start(database: string, isAway: boolean): { child: ChildProcess; ready: Promise<Told> } {
  const own = ["--intents", options.intents, "--database", database, ...(isAway ? ["--away"] : [])];
  const child = fork(fileURLToPath(import.meta.url), own);
  const ready = new Promise<Told>((resolve) =>
    child.on("message", (told: Told) => void (told.kind === "ready" && resolve(told))),
  );
  return { child, ready };
}

async function measure(database: string, store: PostgresStore): Promise<void> {
  const count = Number(options.intents);
  const counted = async (text: string): Promise<number> =>
    (await store.query<{ count: number }>(`select count(*)::int as count from ${text}`))[0]?.count ?? 0;
  const first = start(database, true);
  await first.ready;
  while ((await counted("rollcall.intent")) < count) await sleep(1_000);
  await sleep(Number(options.minutes) * 60_000);
  const [range] = await store.query<{ lines: number; behind: number }>(
    `select sum(next_seq - least(pending_seq, published_seq + 1))::int as lines, sum(next_seq)::int as behind
       from rollcall.partition_owner`,
  );
  const firstRss = rssMiB(first.child.pid ?? 0);
  first.child.kill("SIGKILL");
  await once(first.child, "exit");
  const charged = new Map<string, number>();
  const second = start(database, false);
  second.child.on("message", (told: Told) => {
    if (told.kind === "charged") for (const id of told.ids) charged.set(id, (charged.get(id) ?? 0) + 1);
  });
  const ready = await second.ready;
  const rss = rssMiB(second.child.pid ?? 0);
  const sinceMs = performance.now();
  while ((await counted("rollcall.entity where state = 'PAID' or state = 'TOLD'")) < count) await sleep(250);
  const drainedMs = Math.round(performance.now() - sinceMs);
  second.child.kill("SIGKILL");
  const figures = {
    ...{ intents: count, minutesAway: Number(options.minutes), rangeRead: range?.lines, linesInAll: range?.behind },
    ...{ takeover: ready, rssMiB: { killed: firstRss, next: rss }, drainedMs },
    ...{ charged: charged.size, chargedTwice: [...charged.values()].filter((times) => times > 1).length },
    ...{ left: await counted("rollcall.intent") },
    events: await counted("rollcall.journal where kind = 'event' and type = 'OrderPaid'"),
  };
  process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
  if (charged.size !== count || figures.chargedTwice > 0 || figures.events !== count || figures.left > 0)
    throw new Error("something was lost, or done twice");
}

async function main(): Promise<void> {
  const services = await up({ keep: false });
  const { url, drop } = await freshDatabase(services.addresses.database);
  const store = new PostgresStore({ url });
  try {
    await emptyTables(store);
    await measure(url, store);
  } finally {
    await store.close();
    await drop();
    await services.release();
  }
}

if (options.help) process.stdout.write(HELP);
else if (options.database === undefined) await main().catch(failure("bench:unfinished"));
else await serve(options.database).catch(failure("bench:unfinished"));
