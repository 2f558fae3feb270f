import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { toyModule } from "../host/toy-module.ts";
import { HttpBench, lasting } from "./registration/http-bench.ts";

const PROGRAM = fileURLToPath(new URL("../../dist/app/rollcall.js", import.meta.url));
const TIMEOUT_MS = 60_000;

let folder: string;
let bench: HttpBench;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "rollcall-purges-"));
  const books = toyModule("books", folder);
  const file = join(folder, "books", "orders.yaml");
  const text = readFileSync(file, "utf8");
  writeFileSync(file, text.replace("ENDED, is_terminal: true", "ENDED, is_terminal: true, retain: 30d"));
  bench = await HttpBench.open(lasting, { modules: [books] });
});
afterAll(async () => {
  await bench.close();
  rmSync(folder, { recursive: true, force: true });
});

const path = (rest: string): string => `/api/v1/domains/books${rest}`;
const get = (rest: string) => bench.ask<Record<string, unknown>>(path(rest));
const send = (rest: string, body: object) =>
  bench.ask<Record<string, unknown>>(path(rest), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
const stateOf = async (id: string) => (await get(`/entities/${id}`)).body["state"];
async function end(id: string): Promise<void> {
  await send("/events", { payload_type: "PlaceOrder", payload: { order_id: id, amount: 5 } });
  await vi.waitUntil(async () => (await stateOf(id)) === "TOLD", { timeout: 15_000 });
  await send("/events", { payload_type: "CancelOrder", payload: { order_id: id } });
  await vi.waitUntil(async () => (await stateOf(id)) === "ENDED", { timeout: 15_000 });
}
const purged = (id: string) =>
  vi.waitUntil(async () => (await get(`/entities/${id}`)).body["code"] === "ENTITY_PURGED", { timeout: 15_000 });
const rollcall = (...args: string[]): Promise<{ code: number; out: string; err: string }> =>
  new Promise((resolve) => {
    const env = { PATH: process.env["PATH"], ROLLCALL_URL: bench.url };
    execFile(process.execPath, [PROGRAM, ...args], { env }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });

describe("a purge over HTTP", { timeout: TIMEOUT_MS }, () => {
  it("takes an entity that has ended; then it is not found, with when it had ended, and its timeline is", async () => {
    await end("dune");
    const before = (await get("/entities/dune")).body;
    expect(await send("/entities/dune/purge", { reason: "asked for" })).toMatchObject({
      ...{ status: 202, body: { asked: true } },
    });
    await purged("dune");
    expect(await get("/entities/dune")).toMatchObject({
      status: 404,
      body: { code: "ENTITY_PURGED", ended_at: before["state_since"], seq: before["seq"] },
    });
    const timeline = (await get("/entities/dune/timeline")).body as unknown as {
      readonly items: readonly { readonly type: string; readonly reason: string | null }[];
    };
    expect(timeline).toMatchObject({ next_cursor: null, dropped_on: null });
    expect(timeline.items[0]).toMatchObject({ type: "PlaceOrder" });
    expect(timeline.items.map(({ type }) => type)).toContain("purge");
    expect((await get("/entities/dune/explanation")).body).toMatchObject({
      ...{ known: true, ended_at: before["state_since"], state: null },
      text: expect.stringContaining("dune was purged: it had ended at"),
    });
    const [decision] = await bench.system.store.query<{ subject: string; reason: string }>(
      "select subject, reason from rollcall.operator_decision where command = 'entity purge'",
    );
    expect(decision).toEqual({ subject: "dune", reason: "asked for" });
  });

  it("refuses one that has not ended, one that is not known, and one without a reason", async () => {
    await send("/events", { payload_type: "PlaceOrder", payload: { order_id: "emma", amount: 5 } });
    await vi.waitUntil(async () => (await stateOf("emma")) === "TOLD", { timeout: 15_000 });
    expect(await send("/entities/emma/purge", { reason: "x" })).toMatchObject({
      status: 409,
      body: { code: "NOT_ENDED", detail: expect.stringContaining("emma is TOLD") },
    });
    expect(await send("/entities/nobody/purge", { reason: "x" })).toMatchObject({ status: 404 });
    expect(await send("/entities/emma/purge", {})).toMatchObject({ status: 400 });
  });

  it("says what an entity's timeline has lost with a day of the journal", async () => {
    await end("ulysses");
    const { store } = bench.system;
    // As if all of it was of a day that is gone; lines about its end may come after the state is ENDED.
    await vi.waitFor(
      async () => {
        await store.query(
          `update rollcall.entity set last_line_at = '2026-01-31T12:00:00Z'
            where domain = 'books' and entity_id = 'ulysses'`,
        );
        expect((await get("/entities/ulysses/timeline")).body).toMatchObject({ items: [], dropped_on: "2026-01-31" });
        expect((await get("/entities/ulysses/explanation")).body["text"]).toContain(
          "What is older was dropped from the journal with 2026-01-31.",
        );
      },
      { timeout: 15_000 },
    );
  });

  it("is a command too, which waits for it", async () => {
    await end("iliad");
    const ask = ["entities", "purge", "iliad", "--domain", "books", "--reason", "read"];
    expect(await rollcall(...ask)).toMatchObject({ code: 0, out: "iliad is purged\n" });
    expect(await rollcall(...ask)).toMatchObject({ code: 1, err: expect.stringContaining("was purged: it had ended") });
    const doctor = await rollcall("doctor", "--domain", "books");
    expect(doctor.out).toMatch(/retention +ENDED for 30d; \d+ tombstones of purged entities/);
  });
});
