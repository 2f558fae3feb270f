import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { composeHost, type Host } from "../../app/host/compose.ts";
import { checkModule } from "../../app/host/check-module.ts";
import { readConfig } from "../../app/host/config.ts";
import type { Module, ModuleCode } from "../../app/host/module.ts";
import type { ProjectionView, Rebuilt, Verified } from "../../app/http/projections/projections.routes.ts";
import { createHttpServer } from "../../app/http/server/http-server.ts";
import type { Row } from "../../runtime/core/projection.ts";
import { dropServed } from "../../runtime/shell/projections/finish-projections.ts";
import { readOtherTables } from "../../runtime/stored/projection-fills.ts";
import { orderPart, orderRow, viewedCode, viewsFolder } from "../contract/viewed-orders.ts";
import { PROGRAM } from "../app/two-domains.ts";
import { initializeStore } from "../initialized-store.ts";
import { until } from "../shell/orders.ts";
import { toyModule } from "./toy-module.ts";

describe("a module with projections", () => {
  let folder: string;
  let shop: Module;
  let host: Host;
  let isBad = false;
  const views = (): string => join(folder, "shop", "views.yaml");
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "rollcall-projections-"));
    await initializeStore(join(folder, "data"));
    shop = toyModule("shop", folder);
    cpSync(join(viewsFolder, "views.yaml"), views());
    edit("domain: orders", "domain: shop");
    host = await serve();
  });
  afterAll(async () => {
    await host.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const edit = (replace: string, by: string): void =>
    writeFileSync(views(), readFileSync(views(), "utf8").replace(replace, by));
  const compose = (own: NonNullable<ModuleCode["rows"]> = {}): Promise<Host> => {
    const broken = (): never => {
      throw new Error("a defect");
    };
    const fragile = { ...orderRow, of: (each: never) => (isBad ? broken() : orderRow.of(each)) };
    const { rows } = viewedCode({ order_row: fragile, ...own });
    const domains = shop.domains.map((domain) => ({
      ...domain,
      code: (...given: Parameters<typeof domain.code>) => ({ ...domain.code(...given), rows: rows ?? {} }),
    }));
    const config = readConfig({ ROLLCALL_DATA_DIR: join(folder, "data"), ROLLCALL_PARTITIONS: "1" });
    return composeHost(config, { modules: [checkModule({ ...shop, domains }, "the test")] });
  };
  async function serve(own: NonNullable<ModuleCode["rows"]> = {}): Promise<Host> {
    const composed = await compose(own);
    await composed.start();
    await until(() => composed.system("shop").runtime.status().owned.length === 1);
    return composed;
  }
  const place = (amount: number, id: string) =>
    host.system("shop").bus.publish(
      [
        {
          ...{ topic: "dev.shop.place-order", partition: 0, key: Buffer.from(id), headers: {} },
          value: Buffer.from(JSON.stringify({ order_id: id, amount })),
        },
      ],
      { timeoutMs: 5_000 },
    );
  const amountIs = async (amount: number): Promise<boolean> =>
    (await host.system("shop").access.read()).some(
      ({ data, state }) => state === "TOLD" && (data as { amount: number }).amount === amount,
    );
  async function ask<Answer>(path: string, body?: object): Promise<Answer> {
    const http = createHttpServer(host);
    try {
      const answer = await http.inject({
        ...{ url: `/api/v1/domains/shop/projections${path}`, headers: { host: "localhost" } },
        ...(body ? { method: "POST", payload: body } : { method: "GET" }),
      });
      expect(answer.statusCode, answer.body).toBeLessThan(500);
      return answer.json();
    } finally {
      await http.close();
    }
  }

  /** `rollcall projections`, asked of the host. */
  async function command(...args: readonly string[]): Promise<{ readonly code: number; readonly out: string }> {
    const http = createHttpServer(host);
    const url = await http.listen({ host: "127.0.0.1", port: 0 });
    const given = [PROGRAM, "projections", ...args, "--domain", "shop", "--url", url];
    const ended = await new Promise<{ readonly code: number; readonly out: string }>((resolve) =>
      execFile(process.execPath, given, (error, out) => resolve({ code: Number(error?.code ?? 0), out })),
    );
    await http.close();
    return ended;
  }

  it("shows them to operators, and tells which rows are older, until they are rebuilt", async () => {
    await place(4, "o1");
    await until(() => amountIs(4));
    const { items } = await ask<{ items: ProjectionView[] }>("");
    expect(items.map(({ name, view, rows, older }) => ({ name, view, rows, older }))).toEqual([
      { name: "order_list", view: "rollcall_shop.order_list", rows: 1, older: 0 },
      { name: "order_parts", view: "rollcall_shop.order_parts", rows: 4, older: 0 },
      { name: "order_visits", view: "rollcall_shop.order_visits", rows: 0, older: 0 },
    ]);
    expect(items[0]).toMatchObject({ key: ["order_id"], live: ["seen_at", "pickup_at"], version: 1 });
    expect(items[0]?.columns[1]).toEqual({ name: "amount", type: "bigint", nullable: false, index: "btree" });

    isBad = true;
    const rebuilt = await ask<Rebuilt>("/order_list/rebuild", { reason: "to see" });
    expect(rebuilt).toEqual({ entities: 1, faults: 1 });
    expect((await ask<{ items: ProjectionView[] }>("")).items[0]?.faults).toMatchObject([
      { entity_id: "o1", reason: expect.stringContaining("it throws") },
    ]);
    await until(async () => (await host.troubles.list()).some(({ code }) => code === "PROJECTION_ROWS_OLDER"));
    const [trouble] = (await host.troubles.list()).filter(({ code }) => code === "PROJECTION_ROWS_OLDER");
    expect(trouble).toMatchObject({ domain: "shop", subject: "order_list", blocks: "nothing" });
    expect((await ask<Verified>("/order_list/verify", {})).differences).toHaveLength(1);
    expect(await command("verify")).toEqual({
      code: 1,
      out: expect.stringMatching(/^order_list: o1: its rows can't be computed: it throws Error: a defect$/m),
    });
    expect(await command("rebuild", "order_list", "--reason", "to see")).toMatchObject({ code: 1 });
    expect((await command("list")).out).toMatch(/^order_list: o1 is older since \S+: it throws Error: a defect$/m);
    isBad = false;
    expect((await command("verify")).out).toMatch(/^order_list: the rows of 1 entities are what/m);
    expect(await ask<Rebuilt>("/order_list/rebuild", { reason: "mended" })).toEqual({ entities: 1, faults: 0 });
    expect((await ask<Verified>("/order_list/verify", {})).differences).toEqual([]);
    await until(async () => (await host.troubles.list()).every(({ code }) => code !== "PROJECTION_ROWS_OLDER"));
    expect(await ask("/order_visits/verify", {})).toMatchObject({ detail: expect.stringContaining("is a log") });
    expect(await ask("/none/verify", {})).toMatchObject({
      detail: expect.stringContaining("shop has no projection none"),
    });
  });

  // The parts of each order one by one, then all at once.
  const second = { ...orderPart, version: 2, of: (each: never) => (orderPart.of(each) as Row[]).slice(0, 1) };

  it("takes other ones by a reload, of which the code has several versions, and goes on", async () => {
    await host.stop();
    host = await serve({ order_part: [orderPart, second] });
    const { runtime } = host.system("shop");
    edit("seen_at: last_seen, ", "");
    expect(await runtime.reload("a test")).toMatchObject({ changed: true });
    expect(await runtime.reload("a test")).toMatchObject({ changed: false });
    expect((await ask<{ items: ProjectionView[] }>("")).items[0]?.live).toEqual(["pickup_at"]);
    const shown = async (view: string) => (await host.store.query(`select * from rollcall_shop.${view}`)) as Row[];
    await until(async () => !Object.keys((await shown("order_list"))[0] ?? {}).includes("seen_at"));
    expect(await shown("order_parts")).toHaveLength(4);
    edit("version: 1\n    rows", "version: 2\n    rows");
    const filled: unknown[] = [];
    const end = host.system("shop").watch((event) => event.kind === "projection_filling" && filled.push(event));
    expect(await runtime.reload("a test")).toMatchObject({ changed: true });
    end();
    expect(filled).toEqual([{ kind: "projection_filling", projection: "order_parts", version: 2, filled: 1, of: 1 }]);
    await until(() => runtime.status().owned.length === 1);
    await place(9, "o2");
    await until(() => amountIs(9));
    expect((await ask<Verified>("/order_parts/verify", {})).differences).toEqual([]);
    await until(async () => (await shown("order_parts")).length === 2);
    // For those who still read it.
    expect(await shown("order_parts_v1")).toHaveLength(4);
  });

  it("takes a further one by a reload, and removes what this process has served", async () => {
    const { runtime } = host.system("shop");
    const text = readFileSync(views(), "utf8");
    const more = "  - { name: order_again, version: 1, row: order_row, key: order_id }\n";
    writeFileSync(views(), text + more);
    expect(await runtime.reload("a test")).toMatchObject({ changed: true });
    // One that the process has served until now goes, and is in no list any more.
    writeFileSync(views(), text);
    expect(await runtime.reload("a test")).toMatchObject({ changed: true });
    expect((await ask<{ items: ProjectionView[] }>("")).items.map(({ name }) => name)).not.toContain("order_again");
    expect(await readOtherTables(host.store, "shop")).toMatchObject([
      { name: "order_again", version: 1, isFilled: false },
      { name: "order_parts", version: 1, isFilled: false },
    ]);
    // What a log has can't be had again.
    const log =
      "  - { name: visits_again, version: 1, log: { of: [CustomerSeen], row: order_visit, at_most: 1 per 1m, ";
    writeFileSync(views(), `${text}${log}keep: 7d }, key: [order_id, at] }\n`);
    expect(await runtime.reload("a test")).toMatchObject({ changed: true });
    writeFileSync(views(), text);
    await expect(runtime.reload("a test")).rejects.toThrow(
      "the store has the projection visits_again, version 1, which this code lacks: if it shall go",
    );
    // Dropped while it is served: the process goes on with the folder's, which lacks it.
    await until(() => runtime.status().owned.length === 1);
    await host.store.transaction((tx) => dropServed(tx, "shop", "visits_again"));
    await until(() => runtime.contracts.domain.projections.length === 3 && runtime.status().owned.length === 1);
    await place(8, "o3");
    await until(() => amountIs(8));
    edit("version: 2\n    rows", "version: 1\n    rows");
    await expect(runtime.reload("a test")).rejects.toThrow("order_parts is version 2 in the store, and 1 in this code");
    expect(runtime.refusedChange?.reason).toContain("order_parts is version 2 in the store");
    edit("version: 1\n    rows", "version: 2\n    rows");
    await host.stop();
    await expect(serve()).rejects.toThrow("order_parts is version 2, and order_part in code is version 1");
    host = await serve({ order_part: second });
  });
});
