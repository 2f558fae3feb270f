import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { partitionOf } from "../../runtime/core/murmur2.ts";
import { utcDayOf } from "../../runtime/core/time.ts";
import { ensureDayPartitions } from "../../runtime/adapters/sql/migrate.ts";
import { PostgresStore } from "../../runtime/adapters/postgres/postgres-store.ts";
import type { Store } from "../../runtime/ports/store.ts";
import { findEntities, readEntityRecords } from "../../runtime/stored/entities.ts";
import { groupsBackwards, newestLineOf } from "../../runtime/stored/entity-lines.ts";
import { shippedDomainIn } from "../../test/registration/shipped-domain.ts";
import { up } from "../../test/real/services/services.ts";
import { failure } from "../failure.ts";
import { peakRssMiB } from "../measure.ts";
import { withScene } from "../scene.ts";
import { seedJournal } from "./journal-seed.ts";

const HELP = `npm run bench:journal -- [options]
What a long journal costs those who read it, on Postgres: turns of registrations are written as a process writes them,
spread over days. Then: one node's timeline, lists of nodes, a replay of the last day, an export of all, a day dropped.
  --lines N   (default 10000000)
  --days N    (default 5)
`;
const { values: options } = parseArgs({
  options: {
    lines: { type: "string", default: "10000000" },
    days: { type: "string", default: "5" },
    help: { type: "boolean", default: false },
  },
});
const COMMAND = fileURLToPath(new URL("../../dist/app/rollcall.js", import.meta.url));
const PARTITIONS = 12;
const FIRST_DAY_MS = Date.parse("2026-01-01T00:00:00Z");
const DAY_MS = 24 * 3_600_000;
const dayAt = (index: number): string => utcDayOf(FIRST_DAY_MS + index * DAY_MS);

async function main(): Promise<void> {
  const services = await up({ keep: false });
  try {
    await withScene(services.addresses, {}, async ({ program, runId, database }) => {
      await program.stop();
      const store = new PostgresStore({ url: database, statementTimeoutMs: 600_000 });
      try {
        await measure(store, runId, { DATABASE_URL: database, ROLLCALL_NAMESPACE: runId });
      } finally {
        await store.close();
      }
    });
  } finally {
    await services.release();
  }
}

async function measure(store: Store, namespace: string, environment: Record<string, string>): Promise<void> {
  const domain = shippedDomainIn(namespace);
  const days = Number(options.days);
  const linesMin = Number(options.lines);
  await ensureDayPartitions(
    store,
    Array.from({ length: days }, (_, index) => dayAt(index)),
  );
  let told = 0;
  const seeded = await timed("written", () =>
    seedJournal(store, domain, { linesMin, firstDayMs: FIRST_DAY_MS, days }, ({ lines }) => {
      if (lines - told < linesMin / 10) return;
      told = lines;
      process.stderr.write(`written: ${lines} of ${linesMin} lines\n`);
    }),
  );
  const [size] = await store.query<{ rows: number; mib: number }>(
    `select (select count(*)::int from rollcall.turn) as rows,
       (select sum(pg_total_relation_size(inhrelid)) / 1048576 from pg_inherits
         where inhparent = 'rollcall.turn'::regclass)::int as mib`,
  );
  tell("journal", { ...seeded, ...size });
  await store.query("vacuum analyze");
  const middle = `node-${seeded.nodes >> 1}`;
  for (const time of ["first", "second"])
    await timed(`timeline of ${middle}, ${time} time`, () => walk(store, domain.name, middle));
  const list = (filter: Parameters<typeof findEntities>[2], skip: number) => () =>
    findEntities(store, domain.name, filter, { after: "", skip, limit: 100 });
  await timed("first page of nodes", list({ hasState: true }, 0));
  await timed("first page in a state that all are in", list({ state: "ACTIVE" }, 0));
  await timed("first page in a state that none is in", list({ state: "PENDING_REGISTRATION" }, 0));
  await timed("page in the middle of all nodes", list({ hasState: true }, seeded.nodes >> 1));
  await timed("replay of the last day", () =>
    command(["replay", "--verify", "--since", `${dayAt(days - 1)}T00:00:00Z`], environment),
  );
  await timed("export of all", () => command(["replay", "--export", "-"], environment));
  await timed("a day dropped", () => store.query(`drop table rollcall.turn_${dayAt(0).replaceAll("-", "")}`));
}

/** All of its lines. */
async function walk(store: Store, domain: string, id: string): Promise<number> {
  const partition = partitionOf(id, PARTITIONS);
  const [record] = await readEntityRecords(store, domain, [{ partition, id }]);
  let lines = 0;
  if (!record) throw new Error(`${id} is not stored`);
  for await (const { behind } of groupsBackwards(store, domain, partition, id, newestLineOf(record)))
    lines += 1 + behind.length;
  return lines;
}

/** Runs it to its end, and tells what it printed and how much memory it took. */
async function command(words: readonly string[], environment: Record<string, string>): Promise<void> {
  const child = spawn(COMMAND, words, { env: { ...process.env, ...environment }, stdio: ["ignore", "pipe", "pipe"] });
  let [bytes, said, peakMiB] = [0, "", 0];
  child.stdout.on("data", (chunk: Buffer) => (bytes += chunk.length));
  child.stderr.on("data", (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-2_000)));
  const watch = setInterval(() => (peakMiB = Math.max(peakMiB, peakRssMiB(child.pid ?? 0))), 200);
  child.once("exit", () => clearInterval(watch));
  const [code] = (await once(child, "close")) as [number];
  if (code !== 0) throw new Error(`${words.join(" ")} ends with ${code}: ${said}`);
  tell(words.join(" "), { printedMiB: Math.round(bytes / 1_048_576), peakMiB });
}

async function timed<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
  const startedMs = performance.now();
  const result = await work();
  tell(what, { seconds: Number(((performance.now() - startedMs) / 1_000).toFixed(3)) });
  return result;
}

const tell = (what: string, figures: object): void =>
  void process.stdout.write(`${what}: ${JSON.stringify(figures)}\n`);

if (options.help) process.stdout.write(HELP);
else await main().catch(failure("bench:journal"));
