import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { PgliteStore } from "../../../runtime/adapters/pglite/pglite-store.ts";
import { openInitializedStore } from "../../initialized-store.ts";
import { describeMigrations } from "../sql/migration-conformance.ts";
import { describeStore } from "../sql/store-conformance.ts";

const inMemory = (): Promise<PgliteStore> => PgliteStore.open({ directory: undefined });

describeStore("PgliteStore", { open: inMemory });
describeMigrations("PgliteStore", openInitializedStore);

describe("PgliteStore in a folder", () => {
  let directory: string;
  const children: ChildProcess[] = [];
  const scratch = mkdtempSync(join(tmpdir(), "rollcall-pglite-"));
  const template = join(scratch, "made", "by-itself");
  // A copy of a database is faster than creating one.
  beforeAll(async () => {
    await (await PgliteStore.open({ directory: template })).close();
  });
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));
  beforeEach(() => {
    directory = mkdtempSync(join(scratch, "copy-"));
    cpSync(template, directory, { recursive: true });
  });
  afterEach(() => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
  });

  const lockFile = (): string => join(directory, "lock");
  const open = (): Promise<PgliteStore> => PgliteStore.open({ directory });

  /** Starts a writing process; returns it and the id of the last row when it has acknowledged `rows` more rows. */
  async function writer(from: number, rows: number) {
    const file = new URL("./pglite-writer.ts", import.meta.url).pathname;
    const child = spawn(process.execPath, ["--import", "tsx", file, directory, String(from)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    children.push(child);
    const acknowledged = { last: from - 1 };
    createInterface({ input: child.stdout }).on("line", (line) => (acknowledged.last = Number(line)));
    while (acknowledged.last < from + rows) {
      if (child.exitCode !== null) throw new Error("the writer ended by itself");
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return { child, acknowledged };
  }

  async function kill(child: ChildProcess): Promise<void> {
    const closed = once(child, "close");
    child.kill("SIGKILL");
    await closed;
  }

  it("keeps what was written, and can be opened again after close", async () => {
    const first = await open();
    await first.query("create table kept (id int)");
    await first.query("insert into kept values (1)");
    await first.close();
    expect(existsSync(lockFile())).toBe(false);

    const second = await open();
    expect(await second.query("select id from kept")).toEqual([{ id: 1 }]);
    await second.close();
  });

  it("has every acknowledged row after SIGKILL, several times", async () => {
    let from = 0;
    for (let round = 0; round < 3; round += 1) {
      const { child, acknowledged } = await writer(from, 1_000);
      await kill(child);
      const store = await open();
      const [row] = await store.query<{ n: number; last: number; bytes: number }>(
        "select count(*) as n, max(id) as last, sum(length(text))::int8 as bytes from written",
      );
      expect(row?.n).toBeGreaterThanOrEqual(acknowledged.last + 1);
      // No gaps, and no parts of a transaction or a row.
      expect(row?.n).toBe((row?.last ?? 0) + 1);
      expect((row?.n ?? 1) % 10).toBe(0);
      expect(row?.bytes).toBe((row?.n ?? 0) * 500);
      from = (row?.last ?? 0) + 1;
      await store.close();
    }
  });

  it("refuses a second process and names the first one's pid, until that has ended", async () => {
    const { child } = await writer(0, 10);
    const refused = open();
    await expect(refused).rejects.toMatchObject({ code: "STORE_LOCKED", retryable: false });
    await expect(refused).rejects.toThrow(`process ${child.pid} on`);
    await kill(child);
    await (await open()).close();
  });

  it("refuses to be opened twice by one process", async () => {
    const store = await open();
    await expect(open()).rejects.toThrow(`process ${process.pid} on`);
    await store.close();
  });

  it("takes over a stale lock, also when its pid is that of another process now", async () => {
    const store = await open();
    const own = JSON.parse(readFileSync(lockFile(), "utf8")) as { readonly startedAt: string };
    await store.close();
    writeFileSync(lockFile(), JSON.stringify({ ...own, pid: process.ppid, startedAt: `${own.startedAt}0` }));
    await (await open()).close();
    writeFileSync(lockFile(), JSON.stringify({ ...own, pid: 2 ** 22 + 1 }));
    await (await open()).close();
  });

  it("respects the lock of another host as long as it is touched", async () => {
    writeFileSync(lockFile(), JSON.stringify({ pid: 7, startedAt: "", host: "elsewhere" }));
    await expect(open()).rejects.toThrow("process 7 on elsewhere");
    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(lockFile(), longAgo, longAgo);
    await (await open()).close();
  });

  it("refuses every call after another process took its lock", async () => {
    const store = await open();
    await store.query("select 1");
    writeFileSync(lockFile(), JSON.stringify({ pid: 7, startedAt: "", host: "elsewhere" }));
    await expect
      .poll(() => store.query("select 1").catch((error: unknown) => error), { timeout: 5_000, interval: 200 })
      .toMatchObject({ code: "STORE_LOCKED" });
    await store.close();
    expect(existsSync(lockFile())).toBe(true);
  });

  it("creates the database again when a process ended while creating it", async () => {
    // As after a kill during creation: files, but not the one that marks them as complete.
    rmSync(join(directory, "complete"));
    rmSync(join(directory, "data", "global"), { recursive: true });
    const store = await open();
    expect(await store.query("select 1 as one")).toEqual([{ one: 1 }]);
    await store.close();
  });

  it("releases the lock when the database can't be opened", async () => {
    rmSync(join(directory, "data", "global"), { recursive: true });
    await expect(open()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(existsSync(lockFile())).toBe(false);
  });
});
