import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SHIPPED_CONTRACTS } from "../../app/modules/shipped.ts";
import { HttpBench, lasting } from "../app/registration/http-bench.ts";
import { until } from "../shell/orders.ts";

const PROGRAM = fileURLToPath(new URL("../../dist/app/rollcall.js", import.meta.url));
const FIXTURE = fileURLToPath(new URL("fixtures/happy-path.ndjson", import.meta.url));

interface Report {
  readonly ok: boolean;
  readonly rows: number;
  readonly entities: number;
  readonly states: number;
  readonly deadLetters: number;
  readonly differences: number;
  readonly reworded: number;
  readonly found: readonly { readonly entityId: string; readonly field: string; readonly recorded: unknown }[];
}
let bench: HttpBench;
let folder: string;
beforeAll(async () => {
  bench = await HttpBench.open(lasting, { limits: { reconcileEveryMs: 200 } });
  folder = mkdtempSync(join(tmpdir(), "rollcall-replay-"));
  for (let node = 0; node < 5; node++)
    await bench.activeNode(`replay-${node}`, { endpoints: [`http://10.0.0.${node}`] });
  await bench.publish("NodeHeartbeatEvent", { node_id: "replay-0" });
  await bench.publish("NodeIntrospectionEvent", { node_id: "replay-0", node_type: "effect", node_version: "2.0.0" });
  await bench.publish("NodeDeregister", { node_id: "replay-1" }, "?wait=active");
  const { topic } = bench.system.domain.consumed[0] as { topic: string };
  const bad = { topic, partition: 0, key: Buffer.from("bad"), value: Buffer.from([0xff]), headers: {} };
  await bench.system.bus.publish([bad], { timeoutMs: 5_000 });
  const deadLetters = async () => (await bench.ask<{ items: object[] }>("/api/v1/dead-letters")).body.items.length;
  await until(async () => (await deadLetters()) === 1);
  const { store } = bench.system;
  await store.query("delete from rollcall.node_registrations where node_id = 'replay-2'");
  const repairs = async () => store.query("select 1 from rollcall.journal where type = 'drift(postgres)'");
  await until(async () => (await repairs()).length > 0);
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await bench.close();
});

const rollcall = (args: string): Promise<{ code: number; out: string; err: string }> =>
  new Promise((resolve) => {
    const env = { PATH: process.env["PATH"], ROLLCALL_URL: bench.url };
    execFile(process.execPath, [PROGRAM, ...args.split(" ")], { env, maxBuffer: 1 << 26 }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });

describe("rollcall replay", { timeout: 240_000 }, () => {
  it("reproduces the journal of a running system byte for byte", async () => {
    const { code, out } = await rollcall("replay --verify");
    expect(out).toMatch(/^\d+ rows of 5 entities: .* 1 dead letters, 5 stored states: all are the same byte for/);
    expect(code).toBe(0);
    expect(JSON.parse((await rollcall("replay --verify --json")).out)).toMatchObject({
      ok: true,
      entities: 5,
      differences: 0,
    });
  });

  it("exports the journal, and verifies the file like the journal", async () => {
    const file = join(folder, "journal.ndjson");
    expect(await rollcall(`replay --export ${file}`)).toMatchObject({ code: 0, out: expect.stringContaining(file) });
    expect((await rollcall("replay --export -")).out.split("\n")[1]).toBe(readFileSync(file, "utf8").split("\n")[1]);
    const report = JSON.parse((await rollcall(`replay --verify --from ${file} --json`)).out) as Report;
    expect(report).toMatchObject({ ok: true, entities: 5, states: 5, deadLetters: 1, found: [] });
  });

  it("reads only from a day on, when that is asked for", async () => {
    const [{ day } = { day: "" }] = await bench.system.store.query<{ day: string }>(
      "select min(at)::date::text as day from rollcall.turn",
    );
    for (const since of [day, `${day}T00:00:00+00:00`])
      expect(JSON.parse((await rollcall(`replay --verify --json --since ${since}`)).out)).toMatchObject({
        ...{ ok: true, entities: 5, states: 5, notCompared: 0 },
      });
    const file = join(folder, "nothing.ndjson");
    await rollcall(`replay --export ${file} --since 2100-01-31T12:00:00Z`);
    expect(readFileSync(file, "utf8")).toMatch(/"since":"2100-01-31T00:00:00.000Z"}\n(\{"line":"contract".*\n)+$/);
    expect(JSON.parse((await rollcall(`replay --verify --json --from ${file}`)).out)).toMatchObject({
      ok: true,
      rows: 0,
    });
  });

  it("lists differences in order, with node, place, recorded and replayed value", async () => {
    const file = join(folder, "altered.ndjson");
    await rollcall(`replay --export ${file}`);
    const text = readFileSync(file, "utf8");
    writeFileSync(
      file,
      text.replaceAll(
        '\\"node_type\\":\\"effect\\",\\"liveness_deadline\\"',
        '\\"node_type\\":\\"compute\\",\\"liveness_deadline\\"',
      ),
    );
    expect(readFileSync(file, "utf8")).not.toBe(text);
    const { code, out } = await rollcall(`replay --verify --from ${file}`);
    expect(code).toBe(1);
    expect(out).toMatch(
      /^replay-0 {2}partition \d seq \d+ .*NodeBecameActive\n {2}event\.value.*\n {4}recorded .*\n {4}replayed /,
    );
    expect(out).toMatch(/\d+ differences, 0 entities not replayed to the end\n$/);
  });

  it("counts reworded reasons, which are no differences", async () => {
    const file = join(folder, "reworded.ndjson");
    const text = readFileSync(FIXTURE, "utf8");
    const reasons = /("result":"\w+","reason":")/g;
    writeFileSync(file, text.replaceAll(reasons, "$1in other words: "));
    const { code, out } = await rollcall(`replay --verify --from ${file}`);
    expect([code, out]).toEqual([0, expect.stringMatching(/: all are the same, reworded: \d+\n$/)]);
    const report = JSON.parse((await rollcall(`replay --verify --from ${file} --json`)).out) as Report;
    expect(report).toMatchObject({ ok: true, differences: 0, reworded: text.match(reasons)?.length, found: [] });
  });

  it("replays a journal without contracts under the shipped ones", async () => {
    expect((await rollcall(`replay --verify --from ${FIXTURE}`)).code).toBe(0);
  });

  it.each([
    ["replay", "give --verify"],
    ["replay --verify --from nowhere.ndjson", "can't be read"],
    [`replay --verify --from ${PROGRAM}`, "rollcall.js:1: not JSON"],
    ["replay --verify --export x.ndjson", "cannot be used with"],
    [`replay --verify --from ${FIXTURE} --since 2026-01-01`, "cannot be used with"],
    ["replay --verify --since yesterday", "a day or a time"],
  ])("rollcall %s is wrong usage", async (args, said) => {
    expect(await rollcall(args)).toMatchObject({ code: 2, err: expect.stringContaining(said) });
  });

  it("names the line that is not part of a journal", async () => {
    const file = join(folder, "broken.ndjson");
    const lines = readFileSync(FIXTURE, "utf8").split("\n");
    writeFileSync(file, [...lines.slice(0, 3), '{"line":"row"}', ...lines.slice(3)].join("\n"));
    expect(await rollcall(`replay --verify --from ${file}`)).toMatchObject({
      code: 2,
      err: expect.stringContaining("broken.ndjson:4: not a line of a journal"),
    });
    writeFileSync(file, lines.slice(1).join("\n"));
    expect(await rollcall(`replay --verify --from ${file}`)).toMatchObject({
      code: 2,
      err: expect.stringContaining("begins with its head line"),
    });
  });
});

interface Item {
  readonly line: string;
  readonly partition?: number;
  readonly seq?: number;
  readonly entity_id?: string;
}
interface Page {
  readonly items: readonly Item[];
  readonly next_cursor: string | null;
}

describe("the journal over HTTP", () => {
  const pages = async (query: string): Promise<Item[]> => {
    const items: Item[] = [];
    for (let cursor: string | null = ""; cursor !== null;) {
      const { body }: { body: Page } = await bench.ask<Page>(
        `/api/v1/journal?${query}${cursor === "" ? "" : `&cursor=${cursor}`}`,
      );
      items.push(...body.items);
      cursor = body.next_cursor;
    }
    return items.filter(({ line }) => line === "row" || line === "entity");
  };

  it("comes in pages: each line once, in the order of the journal, and then the partition's nodes", async () => {
    const items = await pages("limit=3");
    expect(await pages("limit=500")).toEqual(items);
    const places = items.map(({ line, partition, seq, entity_id }) => [
      ...[partition, line],
      line === "row" ? seq : entity_id,
    ]);
    const inOrder = [...new Set(items.map(({ partition }) => partition))].toSorted().flatMap((partition) => {
      const [rows, entities] = ["row", "entity"].map((wanted) =>
        places.filter(([of, line]) => of === partition && line === wanted),
      );
      return [...(rows ?? []).map((_, index) => [partition, "row", index + 1]), ...(entities ?? []).toSorted()];
    });
    expect(places).toEqual(inOrder);
    expect(items.filter(({ line }) => line === "entity")).toHaveLength(5);
    expect((await bench.ask("/api/v1/journal?cursor=forged")).status).toBe(400);
  });

  it("is of a day on, with every entity for who would read them by a higher version", async () => {
    expect(await pages("limit=500&since=2100-01-01T00:00:00Z")).toEqual([]);
    expect(await pages("limit=500&since=2020-01-01T00:00:00Z")).toEqual(await pages("limit=500"));
    const { body } = await bench.ask<Page>("/api/v1/journal?since=2100-01-01T09:00:00Z");
    expect(body.items[0]).toMatchObject({ line: "journal", since: "2100-01-01T00:00:00.000Z", state_version: 1 });
    expect(await pages("limit=500&since=2100-01-01T00:00:00Z&state_version=1")).toEqual([]);
    const entities = await pages("limit=3&since=2100-01-01T00:00:00Z&state_version=2");
    expect(entities).toEqual((await pages("limit=500")).filter(({ line }) => line === "entity"));
  });
});

describe("a damaged journal", { timeout: 120_000 }, () => {
  let partition: number;
  beforeAll(async () => {
    const [busiest] = await bench.system.store.query<{ partition: number }>(
      "select partition from rollcall.turn where domain = 'registration' group by 1 order by max(seq) desc limit 1",
    );
    partition = busiest?.partition ?? 0;
  });
  const write = (set: string, values: readonly (string | number)[], where = "true"): Promise<unknown> =>
    bench.system.store.query(
      `update rollcall.turn set ${set} where domain = 'registration' and partition = $1 and ${where}`,
      [partition, ...values],
    );
  const swap = (from: string, to: string) => write("lines = replace(lines, $2, $3)", [from, to]);
  const LAST = "seq = (select max(seq) from rollcall.turn where partition = $1)";

  it.each([
    [
      "a line that can't be read",
      () => swap(',"kind":', ',"kin":'),
      () => swap(',"kin":', ',"kind":'),
      "can't be read",
    ],
    [
      "a missing row",
      () => write("domain = 'elsewhere'", [], LAST),
      () => bench.system.store.query("update rollcall.turn set domain = 'registration' where domain = 'elsewhere'"),
      "is missing",
    ],
  ])("with %s ends replay, export and plan, and is a problem over HTTP", async (_, damage, repair, said) => {
    const file = join(folder, "damaged.ndjson");
    await damage();
    try {
      const refused = {
        code: 2,
        err: expect.stringMatching(new RegExp(`JOURNAL_DAMAGED: .*partition ${partition}.*${said}`)),
      };
      expect(await rollcall("replay --verify")).toMatchObject({ ...refused, out: "" });
      expect(await rollcall("replay --verify --json")).toMatchObject({ ...refused, out: "" });
      expect(await rollcall(`replay --export ${file}`)).toMatchObject(refused);
      expect(await rollcall(`plan ${SHIPPED_CONTRACTS}`)).toMatchObject(refused);
      const problem = { status: 500, body: { code: "JOURNAL_DAMAGED", detail: expect.stringContaining(said) } };
      expect(await bench.ask("/api/v1/journal?limit=500")).toMatchObject(problem);
      const check = { method: "POST", headers: { "content-type": "application/json" } };
      const body = JSON.stringify({ files: {}, model: false, plan_hours: 1 });
      expect(await bench.ask("/api/v1/contracts/check", { ...check, body })).toMatchObject(problem);
    } finally {
      await repair();
    }
    expect((await rollcall("replay --verify")).code).toBe(0);
  });
});
