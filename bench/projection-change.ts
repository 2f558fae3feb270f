import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { EmbeddedBroker } from "../runtime/adapters/embedded-bus/embedded-broker.ts";
import { PostgresStore } from "../runtime/adapters/postgres/postgres-store.ts";
import { SystemClock } from "../runtime/adapters/system-clock.ts";
import type { Domain } from "../runtime/core/domain.ts";
import { partitionOf } from "../runtime/core/murmur2.ts";
import type { ProjectionSpec } from "../runtime/core/projection.ts";
import type { Store } from "../runtime/ports/store.ts";
import { prepareProjections } from "../runtime/shell/projections/change-projections.ts";
import { rebuildProjection, verifyProjection } from "../runtime/shell/projections/verify-projection.ts";
import { summarizeFaults } from "../runtime/stored/projection-faults.ts";
import { orderRow, viewedCode, viewsOf } from "../test/contract/viewed-orders.ts";
import { freshDatabase } from "../test/real/services/fresh-database.ts";
import { up } from "../test/real/services/services.ts";
import { emptyTables, ordersDomain, startOrders, until } from "../test/shell/orders.ts";
import { wrapped } from "../test/wrapped.ts";
import { failure } from "./failure.ts";

const HELP = `npm run bench:projection-change -- [options]
A projection of many entities gets another version while a process serves them and changes some all the time. The
process that fills the table is killed in the middle and started anew; the one that serves stops for a while inside a
turn's transaction. Then the rows must be what their function makes of the entities.
  --entities N   (default 100000)
  --stopped N    seconds for which the one that serves stops (default 8)
And rows of which one in a hundred can't be made: what that does to turns, and that they are all named, and mended.
  --bad N        of so many entities (default 10000)
`;
const { values: options } = parseArgs({
  options: {
    entities: { type: "string", default: "100000" },
    stopped: { type: "string", default: "8" },
    bad: { type: "string", default: "10000" },
    help: { type: "boolean", default: false },
    /** Of a process of its own: what it does, and its database. */
    role: { type: "string" },
    database: { type: "string", default: "" },
  },
});

const PARTITIONS = 4;
const CHANGES_A_SECOND = 500;
const TICK_MS = 100;
const WARM_MS = 10_000;

/** What a process tells. */
type Told =
  | { readonly kind: "ready" | "superseded" | "in use" }
  | { readonly kind: "turn"; readonly ms: number; readonly messages: number }
  | { readonly kind: "filled"; readonly filled: number; readonly of: number };
const tell = (told: Told): void => void process.send?.(told);

const versionOf =
  (version: number, of = orderRow.of) =>
  (domain: Domain): Domain => ({
    ...domain,
    ...viewsOf(
      [["version: 1\n    row:", `version: ${version}\n    row:`]],
      viewedCode({ order_row: { ...orderRow, version, of } }),
    ),
  });
const clock = new SystemClock();
const filling = (store: Store, changed: (domain: Domain) => Domain) => ({
  ...{ store, domain: ordersDomain({ changed }), clock },
});
const listOf = ({ projections: [list] }: Domain): ProjectionSpec => list as ProjectionSpec;
const idOf = (nth: number): string => `order-${String(nth).padStart(7, "0")}`;

/** Stops this process inside of the next turn's transaction, when it is told to. */
function stopping(store: Store): Store {
  let isAsked = false;
  process.on("message", () => (isAsked = true));
  return wrapped<Store>(store, {
    transaction: (work) =>
      store.transaction(async (tx) => {
        const result = await work(tx);
        if (isAsked) {
          isAsked = false;
          process.kill(process.pid, "SIGSTOP");
        }
        return result;
      }),
  });
}

async function serve(version: number): Promise<void> {
  const store = new PostgresStore({ url: options.database });
  if (version > 1)
    await prepareProjections(filling(store, versionOf(version)), {
      onFilled: ({ filled, of }) => tell({ kind: "filled", filled, of }),
      onWaiting: (reason) => process.stdout.write(`  waits: ${reason}\n`),
    });
  tell({ kind: "in use" });
  let isOver = false;
  const { publish } = await startOrders(stopping(store), {
    ...{ changed: versionOf(version), keepsTold: false, broker: new EmbeddedBroker({ store, clock }) },
    onSuperseded: () => {
      isOver = true;
      tell({ kind: "superseded" });
    },
    observe: (event) => event.kind === "turn" && tell({ kind: "turn", ms: event.durationMs, messages: event.messages }),
  });
  tell({ kind: "ready" });
  const many = (CHANGES_A_SECOND * TICK_MS) / 1_000 / 2;
  for (let next = version; !isOver; next += many) {
    const ids = Array.from({ length: many }, (_, n) => idOf(((next + n) * 7_919) % Number(options.entities)));
    const [ended, begun] = [ids.map((order_id) => ({ order_id })), ids.map((order_id) => ({ order_id, amount: 4 }))];
    await Promise.all([publish("cancel-order", ended).then(() => publish("place-order", begun)), sleep(TICK_MS)]);
  }
}

/** Entities as a first one is, without turns. */
async function populate(store: Store, count: number): Promise<void> {
  const orders = await startOrders(store, { keepsTold: false, broker: new EmbeddedBroker({ store, clock }) });
  await orders.place(["template"], 4);
  await orders.untilState("template", "TOLD");
  await orders.settled();
  await orders.runtime.stop();
  for (let from = 0; from < count; from += 10_000) {
    const ids = Array.from({ length: Math.min(10_000, count - from) }, (_, n) => idOf(from + n));
    const given = [ids, ids.map((id) => partitionOf(id, PARTITIONS))];
    const keys = "unnest($1::text[], $2::int[]) as k(id, partition) where t.entity_id = 'template'";
    await store.query(
      `insert into rollcall.entity (domain, partition, entity_id, state, reducer_state, state_since, seq, published_seq,
         attempt, deadlines, last_line, last_line_at, last_seen, purge_at, updated_at)
       select t.domain, k.partition, k.id, t.state, t.reducer_state, t.state_since, t.seq, t.published_seq, t.attempt,
         t.deadlines, 0, t.last_line_at, t.last_seen, t.purge_at, t.updated_at from rollcall.entity t, ${keys}`,
      given,
    );
    await store.query(
      `insert into rollcall.entity_data
       select t.domain, k.partition, k.id, t.data from rollcall.entity_data t, ${keys}`,
      given,
    );
  }
  await store.query("analyze rollcall.entity, rollcall.entity_data");
}

interface Turns {
  longestMs: number;
  messages: number;
  sinceMs: number;
}
const begun = (): Turns => ({ longestMs: 0, messages: 0, sinceMs: performance.now() });
const shown = ({ longestMs, messages, sinceMs }: Turns) => ({
  longestTurnMs: Math.round(longestMs),
  messagesASecond: Math.round((1_000 * messages) / (performance.now() - sinceMs)),
});

function start(role: string, database: string, onTold: (told: Told) => void): ChildProcess {
  const child = fork(fileURLToPath(import.meta.url), [
    ...["--role", role, "--database", database, "--entities", options.entities],
  ]);
  child.on("message", (told: Told) => onTold(told));
  return child;
}

async function change(database: string, store: Store): Promise<void> {
  await emptyTables(store);
  await store.query("drop schema if exists rollcall_orders cascade");
  await populate(store, Number(options.entities));
  let beganMs = performance.now();
  await prepareProjections(filling(store, versionOf(1)));
  const aloneSeconds = (performance.now() - beganMs) / 1_000;
  let turns = begun();
  const heard = new Set<string>();
  const first = start("first", database, (told) => {
    heard.add(told.kind);
    if (told.kind !== "turn") return;
    turns.longestMs = Math.max(turns.longestMs, told.ms);
    turns.messages += told.messages;
  });
  await until(() => heard.has("ready"));
  await sleep(WARM_MS);
  turns = begun();
  await sleep(WARM_MS);
  const before = shown(turns);
  turns = begun();
  beganMs = performance.now();
  let share = 0;
  const filled = (told: Told): void => void (told.kind === "filled" && (share = told.filled / told.of));
  const killed = start("second", database, filled);
  await until(() => share > 0.4);
  const during = shown(turns);
  killed.kill("SIGKILL");
  await once(killed, "exit");
  const copiedTo = await store.query("select copied_to from rollcall.projection_table");
  const [told, stoppedMs] = [new Set<string>(), 1_000 * Number(options.stopped)];
  let isStopped = false;
  const second = start("second", database, (each) => {
    told.add(each.kind);
    if (each.kind !== "filled" || each.filled / each.of < 0.5 || isStopped) return;
    isStopped = true;
    first.send("stop");
    setTimeout(() => first.kill("SIGCONT"), stoppedMs);
  });
  await until(() => told.has("in use"));
  const fillSeconds = (performance.now() - beganMs) / 1_000;
  await until(() => heard.has("superseded") && told.has("ready"));
  const spec = filling(store, versionOf(2));
  const atOnce = await verifyProjection(spec, listOf(spec.domain));
  await sleep(WARM_MS);
  first.kill("SIGKILL");
  second.kill("SIGKILL");
  const after = await verifyProjection(spec, listOf(spec.domain));
  const figures = {
    ...{ entities: atOnce.entities, fillAloneSeconds: aloneSeconds, fillSeconds, stoppedSeconds: stoppedMs / 1_000 },
    ...{ killedAt: copiedTo[0], before, during, whole: shown(turns) },
    ...{ differencesAtOnce: atOnce.differences.length, differencesAfterwards: after.differences.length },
  };
  process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
  for (const { entity_id: id, problem } of [...atOnce.differences, ...after.differences].slice(0, 10))
    process.stdout.write(`  ${id}: ${problem}\n`);
  if (figures.differencesAtOnce + figures.differencesAfterwards > 0)
    throw new Error("rows are not what they should be");
}

/** Of one in a hundred the function fails, in this way or that. */
const oneInAHundred = (each: never): unknown => {
  const { id } = each as { readonly id: string };
  if (!id.endsWith("00")) return orderRow.of(each);
  if (id.endsWith("100")) return { ...(orderRow.of(each) as object), half: Number.NaN };
  if (id.endsWith("200")) return { ...(orderRow.of(each) as object), note: "x".repeat(3_000) };
  if (id.endsWith("300")) return Promise.resolve(orderRow.of(each));
  throw new Error("a defect");
};

async function bad(store: Store, count: number): Promise<void> {
  const rates: Record<string, number> = {};
  for (const [name, of] of [
    ["good", orderRow.of],
    ["one in a hundred bad", oneInAHundred],
  ] as const) {
    await emptyTables(store);
    await store.query("drop schema if exists rollcall_orders cascade");
    const changed = versionOf(1, of as never);
    await prepareProjections(filling(store, changed));
    const orders = await startOrders(store, { changed, keepsTold: false });
    const beganMs = performance.now();
    for (let from = 0; from < count; from += 500)
      await orders.place(
        Array.from({ length: Math.min(500, count - from) }, (_, n) => idOf(from + n)),
        3,
      );
    await orders.settled();
    rates[name] = Math.round((1_000 * count) / (performance.now() - beganMs));
    await orders.runtime.stop();
  }
  const spec = filling(store, versionOf(1, oneInAHundred as never));
  const { differences } = await verifyProjection(spec, listOf(spec.domain));
  const [faults] = await summarizeFaults(store, "orders");
  const mended = filling(store, versionOf(1));
  const rebuilt = await rebuildProjection(mended, listOf(mended.domain));
  const left = await verifyProjection(mended, listOf(mended.domain));
  const figures = {
    ...{ ordersASecond: rates, namedByVerify: differences.length, faults: faults?.count ?? 0, rebuilt },
    ...{
      differencesAfterwards: left.differences.length,
      faultsAfterwards: (await summarizeFaults(store, "orders")).length,
    },
  };
  process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
}

async function main(): Promise<void> {
  const { addresses, release } = await up({ keep: false });
  const { url, drop } = await freshDatabase(addresses.database);
  const store = new PostgresStore({ url });
  try {
    if (Number(options.entities) > 0) await change(url, store);
    if (Number(options.bad) > 0) await bad(store, Number(options.bad));
  } finally {
    await store.close();
    await drop();
    await release();
  }
}

if (options.help) process.stdout.write(HELP);
else if (options.role) await serve(options.role === "first" ? 1 : 2);
else await main().catch(failure("bench:projection-change"));
