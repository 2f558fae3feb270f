import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { z } from "zod";
import { domainCodeOf } from "../app/host/module.ts";
import { JournalDays } from "../app/host/journal-days.ts";
import { messageTo } from "../app/host/outgoing-message.ts";
import { EmbeddedBroker } from "../runtime/adapters/embedded-bus/embedded-broker.ts";
import { EmbeddedBus } from "../runtime/adapters/embedded-bus/embedded-bus.ts";
import { ensureDayPartitions } from "../runtime/adapters/sql/migrate.ts";
import { PostgresStore } from "../runtime/adapters/postgres/postgres-store.ts";
import { SystemClock } from "../runtime/adapters/system-clock.ts";
import { validateDomain } from "../runtime/contract/checks/validate.ts";
import { compileDomain } from "../runtime/contract/compile/compile-domain.ts";
import type { Domain } from "../runtime/core/domain.ts";
import { message } from "../runtime/core/message.ts";
import { utcDayOf } from "../runtime/core/time.ts";
import type { Store } from "../runtime/ports/store.ts";
import { Replay } from "../runtime/replay/replay.ts";
import { Runtime } from "../runtime/shell/runtime.ts";
import type { ShellEvent } from "../runtime/shell/shell-event.ts";
import { journalDays } from "../runtime/stored/journal-days.ts";
import { linesOf, type TurnRow } from "../runtime/stored/read-lines.ts";
import { dropTombstones } from "../runtime/stored/tombstones.ts";
import { openInitializedStore } from "../test/initialized-store.ts";
import { freshDatabase } from "../test/real/services/fresh-database.ts";
import { up } from "../test/real/services/services.ts";
import { emptyTables, startOrders, until } from "../test/shell/orders.ts";
import { retainedFor } from "../test/shell/purges/retained.ts";
import { blocksOf } from "../test/tidy/guide-blocks.ts";
import { failure } from "./failure.ts";
import { rssMiB } from "./measure.ts";

const HELP = `npm run bench:retention -- [options]
Orders, which run once, end day by day on a moved clock, and one note, a document, changes all the time; what has ended
is purged after 7 days, its tombstone goes after 30, days of the journal after 10. Rows, bytes, memory and turn times of
each day must stay what they are once as much goes as comes; each day of the journal that is left must repeat by itself.
  --entities N   orders that end, over all days (default 1000000)
  --changes N    changes of the note (default 1000000)
  --days N       (default 60)
  --embedded     on the embedded store, without services
`;
const { values: options } = parseArgs({
  options: {
    entities: { type: "string", default: "1000000" },
    changes: { type: "string", default: "1000000" },
    days: { type: "string", default: "60" },
    embedded: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
const DAY_MS = 86_400_000;
const RETAIN_DAYS = 7;
const TOMBSTONE_DAYS = 30;
const KEEP_DAYS = 10;
const PER_CALL = 500;
const PARTITIONS = 4;

/** Moves by whole days. */
class MovedClock extends SystemClock {
  aheadMs = 0;
  override wallMs(): number {
    return super.wallMs() + this.aheadMs;
  }
}

interface DayFigures {
  readonly day: number;
  readonly entities: number;
  readonly tombstones: number;
  readonly journalDays: number;
  readonly mib: { readonly entity: number; readonly tombstone: number; readonly journal: number };
  readonly tombstoneBytes: number;
  readonly rssMiB: number;
  /** Of the turns of this day, for each message in them. */
  readonly turnMicroseconds: number;
  readonly seconds: number;
}

async function figuresOf(store: Store, day: number, turns: { messages: number; ms: number }, startedMs: number) {
  const [row] = await store.query<Record<"entities" | "tombstones" | "entity" | "tombstone" | "journal", number>>(
    `select (select count(*) from rollcall.entity)::int as entities,
            (select count(*) from rollcall.tombstone)::int as tombstones,
            (pg_total_relation_size('rollcall.entity')
              + pg_total_relation_size('rollcall.entity_data'))::float8 as entity,
            pg_total_relation_size('rollcall.tombstone')::float8 as tombstone,
            (select coalesce(sum(pg_total_relation_size(inhrelid)), 0) from pg_inherits
              where inhparent = 'rollcall.turn'::regclass)::float8 as journal`,
  );
  if (!row) throw new Error("no figures");
  globalThis.gc?.();
  const mib = (bytes: number): number => Number((bytes / 1024 / 1024).toFixed(1));
  return {
    ...{ day, entities: row.entities, tombstones: row.tombstones, journalDays: (await journalDays(store)).length },
    mib: { entity: mib(row.entity), tombstone: mib(row.tombstone), journal: mib(row.journal) },
    tombstoneBytes: row.tombstones === 0 ? 0 : Math.round(row.tombstone / row.tombstones),
    rssMiB: rssMiB(process.pid),
    turnMicroseconds: Math.round((turns.ms / Math.max(1, turns.messages)) * 1_000),
    seconds: Math.round((performance.now() - startedMs) / 1_000),
  } satisfies DayFigures;
}

async function measure(store: Store): Promise<void> {
  const days = Number(options.days);
  const perDay = Math.ceil(Number(options.entities) / days);
  const changesPerDay = Math.ceil(Number(options.changes) / days);
  const clock = new MovedClock();
  const broker = new EmbeddedBroker({ store, clock });
  const turns = { messages: 0, ms: 0 };
  let published = 0;
  let decided = 0;
  const observe = (event: ShellEvent): void => {
    if (event.kind === "decision" && event.message.kind === "bus") decided++;
    if (event.kind !== "turn") return;
    turns.messages += event.messages;
    turns.ms += event.durationMs;
  };
  const runOnce = (domain: Domain): Domain => ({ ...retainedFor(RETAIN_DAYS * DAY_MS)(domain), lifecycle: "once" });
  const orders = await startOrders(store, { ...{ broker, clock, observe, keepsTold: false }, changed: runOnce });
  const notes = await startNotes({ store, broker, clock, observe });
  const journal = new JournalDays(store, clock, KEEP_DAYS * DAY_MS);
  const all: DayFigures[] = [];
  let change = 0;
  for (let day = 1; day <= days; day++) {
    const startedMs = performance.now();
    Object.assign(turns, { messages: 0, ms: 0 });
    await ensureDayPartitions(store, [utcDayOf(clock.wallMs())]);
    for (let sent = 0; sent < Math.max(perDay, changesPerDay); sent += PER_CALL) {
      const ids = Array.from({ length: Math.min(PER_CALL, perDay - sent) }, (_, n) => `order-${day}-${sent + n}`);
      const changes = Array.from({ length: Math.min(PER_CALL, changesPerDay - sent) }, () => `text ${++change}`);
      const placed = ids.map((order_id) => ({ order_id, amount: 5 }));
      await Promise.all([orders.publish("place-order", placed), notes.write(changes)]);
      published += placed.length + changes.length;
      // What is on another topic may be taken first.
      while (decided < published) await sleep(2);
      await orders.publish(
        "cancel-order",
        ids.map((order_id) => ({ order_id })),
      );
      published += ids.length;
    }
    while (decided < published) await sleep(2);
    await Promise.all([orders.settled(), notes.settled()]);
    await drained(store, clock);
    while (await dropTombstones(store, orders.domain.name, utcDayOf(clock.wallMs())));
    await journal.run(clock.wallMs());
    if (journal.kept) throw new Error(`a day of the journal is kept: ${journal.kept.reason}`);
    const figures = await figuresOf(store, day, turns, startedMs);
    all.push(figures);
    process.stdout.write(`${JSON.stringify(figures)}\n`);
    clock.aheadMs += DAY_MS;
  }
  await Promise.all([orders.runtime.stop(), notes.runtime.stop()]);
  const replayed = [...(await replayDays(store, orders.domain)), ...(await replayDays(store, notes.domain))];
  process.stdout.write(`${JSON.stringify({ replayed }, null, 2)}\n`);
  judge(all, perDay, replayed);
}

/** A runtime with the document that the reference shows, of which one is written. */
async function startNotes(
  parts: Pick<ConstructorParameters<typeof Runtime>[0], "store" | "clock" | "observe"> & {
    readonly broker: EmbeddedBroker;
  },
) {
  const { broker, ...rest } = parts;
  const domain = notesDomain();
  const bus = new EmbeddedBus({ broker, domain: domain.name });
  const onFatal = failure("bench:retention");
  const runtime = new Runtime({ ...rest, domain, bus, owner: randomUUID(), partitions: PARTITIONS, onFatal });
  await runtime.start();
  await until(() => runtime.status().owned.length === PARTITIONS);
  const consumed = domain.consumed.find(({ type }) => type === "WriteNote");
  if (!consumed) throw new Error("notes are not written");
  const written = (content: string) => ({
    payload_type: consumed.type,
    payload: { note_id: "the-one", text: content },
  });
  return {
    ...{ domain, runtime },
    async write(texts: readonly string[]): Promise<void> {
      const messages = texts.map((each) => messageTo(domain, consumed, runtime.status(), written(each), {}).outgoing);
      await bus.publish(messages, { timeoutMs: 60_000 });
    },
    settled: () =>
      until(() => {
        const { waiting, unpublished, lag } = runtime.status();
        return waiting + unpublished + lag === 0;
      }),
  };
}

function notesDomain(): Domain {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-notes-"));
  const contract = blocksOf("docs/reference/contracts.md").find(({ text }) => text.includes("lifecycle: document"));
  writeFileSync(join(folder, "notes.yaml"), contract?.text ?? "");
  const shapes = { WriteNote: { note_id: z.string(), text: z.string() }, DropNote: { note_id: z.string() } };
  const more = { NoteWritten: { text: z.string() }, NoteDropped: {} };
  const messages = Object.entries({ ...shapes, ...more }).map(([type, shape]) => message(type, shape as z.ZodRawShape));
  const { model } = validateDomain(folder, domainCodeOf("notes", { messages }));
  rmSync(folder, { recursive: true });
  if (!model) throw new Error("the document of the reference has errors");
  return compileDomain(model, { env: "test", namespace: "" });
}

/** Until all that is due is purged. */
async function drained(store: Store, clock: MovedClock): Promise<void> {
  const isDue = async (): Promise<boolean> =>
    (
      await store.query(`select 1 from rollcall.entity where purge_at <= $1 limit 1`, [
        new Date(clock.wallMs() - 5_000),
      ])
    ).length > 0;
  while (await isDue()) await sleep(100);
}

/** Each day that is left, by itself. */
async function replayDays(store: Store, domain: Domain) {
  const found = [];
  for (const day of await journalDays(store)) {
    let differences = 0;
    let incomplete = 0;
    const replay = new Replay(new Map([[domain.contractHash, domain]]), {
      difference: () => differences++,
      incomplete: () => incomplete++,
    });
    for (let partition = 0; partition < PARTITIONS; partition++) {
      for (let after = 0; ;) {
        const rows = await store.query<TurnRow>(
          `select partition, seq, last_seq, at, contract_hash, lines from rollcall.turn
            where domain = $5 and partition = $1 and at >= $2 and at < $3 and seq > $4 order by seq limit 64`,
          [
            partition,
            new Date(`${day}T00:00:00Z`),
            new Date(Date.parse(`${day}T00:00:00Z`) + DAY_MS),
            after,
            domain.name,
          ],
        );
        for (const row of rows) for (const line of linesOf(domain.name, row)) replay.addLine(line);
        const last = rows.at(-1);
        if (!last) break;
        after = last.seq;
      }
    }
    const { steps } = replay.end();
    found.push({ domain: domain.name, day, steps, differences, incomplete });
  }
  return found;
}

function judge(all: readonly DayFigures[], perDay: number, replayed: Awaited<ReturnType<typeof replayDays>>): void {
  const problems: string[] = [];
  for (const { day, entities, tombstones, journalDays: kept } of all) {
    if (entities > (RETAIN_DAYS + 1) * perDay + 1) problems.push(`day ${day} has ${entities} entities`);
    if (tombstones > (TOMBSTONE_DAYS + 3) * perDay) problems.push(`day ${day} has ${tombstones} tombstones`);
    // Two are those ahead.
    if (kept > KEEP_DAYS + 3) problems.push(`day ${day} has ${kept} days of the journal`);
  }
  for (const { domain, day, differences, incomplete } of replayed)
    if (differences + incomplete > 0)
      problems.push(`${domain} ${day} differs in ${differences}, ${incomplete} incomplete`);
  if (problems.length > 0) throw new Error(problems.join("\n"));
}

async function main(): Promise<void> {
  if (options.embedded) {
    const store = await openInitializedStore();
    await emptyTables(store);
    return measure(store).finally(() => store.close());
  }
  const services = await up({ keep: false });
  const { url, drop } = await freshDatabase(services.addresses.database);
  const store = new PostgresStore({ url });
  try {
    await emptyTables(store);
    await measure(store);
  } finally {
    await store.close();
    await drop();
    await services.release();
  }
}

if (options.help) process.stdout.write(HELP);
else await main().catch(failure("bench:retention"));
