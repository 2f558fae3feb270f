import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { composeHost } from "../../app/host/compose.ts";
import { ConfigError, readConfig } from "../../app/host/config.ts";
import { PgliteStore } from "../../runtime/adapters/pglite/pglite-store.ts";
import { startProgram } from "../blackbox/program.ts";
import { initializeStore } from "../initialized-store.ts";
import { rollcall } from "../security/rollcall.ts";
import { toyModule } from "./toy-module.ts";

describe("the embedded store of a deployment", () => {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "rollcall-deployment-"));
    await initializeStore(join(folder, "data"));
    const program = await startProgram({ environment: environment() });
    expect(await command("domains")).toMatchObject({ code: 1, err: expect.stringContaining(String(program.pid)) });
    expect(await program.stop()).toMatchObject({ code: 0 });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const environment = (more: Readonly<Record<string, string>> = {}) => ({
    ROLLCALL_DATA_DIR: join(folder, "data"),
    ROLLCALL_HTTP_PORT: "0",
    ...more,
  });
  const command = (text: string, more?: Readonly<Record<string, string>>) => rollcall(text, environment(more));
  async function query(sql: string): Promise<unknown[]> {
    const store = await PgliteStore.open({ directory: join(folder, "data", "store") });
    return store.query(sql).finally(() => store.close());
  }

  it("refuses another one until it is moved", async () => {
    const refused = await command("start", { ROLLCALL_ENV: "prod" });
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(
      /belongs to another deployment: ROLLCALL_ENV is dev there, prod here; .*`rollcall store move --env prod`/,
    );
    expect(await command("store move --env Prod!")).toMatchObject({
      code: 1,
      err: expect.stringContaining("ROLLCALL_ENV"),
    });
    expect(await command("store move --env prod --group registration")).toMatchObject({ code: 2 });
    expect(await command("store move --env prod --namespace eu --json")).toMatchObject({
      code: 0,
      out: expect.stringContaining('"env": "prod"'),
    });
    const moved = await startProgram({ environment: environment({ ROLLCALL_ENV: "prod", ROLLCALL_NAMESPACE: "eu" }) });
    await moved.stop();
    const shown = { code: 0, err: "", out: "the store belongs to ROLLCALL_ENV=dev ROLLCALL_NAMESPACE=\n" };
    expect(await command("store move --env dev --namespace=")).toEqual(shown);
    expect(await command("store show")).toEqual(shown);
    expect(JSON.parse((await command("store show --json")).out)).toMatchObject({ env: "dev", clusterId: null });
  });

  it("lists its domains, and retires one that nobody serves, with a reason", async () => {
    expect((await command("domains")).out).toMatch(/^DOMAIN +STATUS .*\nregistration +served +12 +0 +\d+ (s|ms) ago/);
    expect(await command("domains retire registration --reason over")).toMatchObject({
      code: 1,
      err: expect.stringMatching(/registration was served \d+ s ago/),
    });
    await query(`update rollcall.partition_owner set served_at = served_at - interval '1 hour'`);
    expect(JSON.parse((await command("domains --json")).out)).toMatchObject([{ status: "unserved", owners: [] }]);
    expect(await command("domains retire registration")).toMatchObject({ code: 2 });
    expect(await command("domains retire registration --reason over --by ann --json")).toMatchObject({
      code: 0,
      out: expect.stringContaining('"entities": 0'),
    });
    expect((await command("domains")).out).toMatch(/registration +retired/);
    expect(await query(`select command, who, reason from rollcall.operator_decision`)).toEqual([
      { command: "domains retire", who: "ann", reason: "over" },
    ]);
  });

  it("has a consumer group for each domain, or is not even opened", async () => {
    const several = {
      ...{ KAFKA_BOOTSTRAP_SERVERS: "127.0.0.1:1", DATABASE_URL: "postgres://rollcall@127.0.0.1:1/rollcall" },
      KAFKA_GROUP_ID: "nodes",
    };
    const modules = ["books", "tools"].map((name) => toyModule(name, folder));
    const refused = composeHost(readConfig(several), { modules });
    await expect(refused).rejects.toThrow(ConfigError);
    await expect(refused).rejects.toThrow(/\(books, tools\): set KAFKA_GROUP_ID=nodes\.\{domain\}/);
  });

  it("is not made by a command that only asks for it", async () => {
    const ROLLCALL_DATA_DIR = join(folder, "none");
    expect(await command("domains", { ROLLCALL_DATA_DIR })).toMatchObject({
      code: 1,
      err: expect.stringContaining("does not exist: set ROLLCALL_DATA_DIR or DATABASE_URL"),
    });
    await initializeStore(ROLLCALL_DATA_DIR);
    expect(await command("domains", { ROLLCALL_DATA_DIR })).toMatchObject({
      code: 1,
      err: expect.stringContaining("nothing was started on it yet"),
    });
  });
});
