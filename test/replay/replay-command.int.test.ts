import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
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

describe("the journal over HTTP", () => {
  it("comes in pages, each line once and the rows of a node together", async () => {
    const whole = (await bench.ask<{ items: object[] }>("/api/v1/journal?limit=500")).body.items;
    const paged: object[] = [];
    let cursor: string | null = "";
    for (let path = "/api/v1/journal?limit=3"; cursor !== null; path = `/api/v1/journal?limit=3&cursor=${cursor}`) {
      const { body } = await bench.ask<{ items: object[]; next_cursor: string | null }>(path);
      paged.push(...body.items);
      cursor = body.next_cursor;
    }
    const rows = (lines: readonly object[]) => lines.filter((line) => "line" in line && line.line === "row");
    const first = await bench.ask<{ next_cursor: string }>("/api/v1/journal?limit=500");
    const second = `/api/v1/journal?limit=500&cursor=${first.body.next_cursor}`;
    const rest = (await bench.ask<{ items: object[] }>(second)).body.items;
    expect(rows(paged)).toEqual(rows([...whole, ...rest]));
    expect((await bench.ask("/api/v1/journal?cursor=forged")).status).toBe(400);
    const later = await bench.ask<{ items: object[] }>("/api/v1/journal?limit=500&since=2100-01-01T00:00:00Z");
    expect(rows(later.body.items).every((row) => (row as { entity_id: unknown }).entity_id === null)).toBe(true);
  });
});
