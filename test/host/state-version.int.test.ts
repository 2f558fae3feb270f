import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { composeHost } from "../../app/host/compose.ts";
import { readConfig } from "../../app/host/config.ts";
import { readContracts, resolveStartupContracts } from "../../app/host/contracts-in-force.ts";
import type { Module, ModuleCode } from "../../app/host/module.ts";
import type { PgliteStore } from "../../runtime/adapters/pglite/pglite-store.ts";
import { reducer } from "../../runtime/core/reducer.ts";
import { contractInForce } from "../../runtime/stored/contract-sets.ts";
import { copyContracts } from "../blackbox/contracts-copy.ts";
import { toyCode, toyFolder } from "../contract/toy-domain.ts";
import { initializeStore, openInitializedStore } from "../initialized-store.ts";
import { emptyTables, until } from "../shell/orders.ts";
import { toyModule } from "./toy-module.ts";

/** In the second version an amount is in cents, and says so. */
const centsUpTo = (max: number) =>
  z.object({ amount: z.number().max(max).default(0), unit: z.string().default("cents") });
const inCents = (data: Readonly<Record<string, unknown>>): unknown =>
  "unit" in data ? data : { ...data, amount: Number(data["amount"]) * 100, unit: "cents" };

describe("code with another stateVersion", { timeout: 60_000 }, () => {
  let folder: string;
  let shop: Module;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "rollcall-state-version-"));
    shop = toyModule("shop", folder);
    await initializeStore(join(folder, "data"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const told: string[] = [];
  const log = { info: (_: object, text: string) => told.push(text), warn: () => {}, error: () => {} } as never;
  const compose = (more: Partial<ModuleCode> = {}) => {
    const domains = shop.domains.map((domain) => ({
      ...domain,
      code: (...given: Parameters<typeof domain.code>) => ({ ...domain.code(...given), ...more }),
    }));
    const config = readConfig({ ROLLCALL_DATA_DIR: join(folder, "data"), ROLLCALL_PARTITIONS: "4" });
    return composeHost(config, { modules: [{ ...shop, domains }], log });
  };
  const { updates, builders } = toyCode.reducer;
  const second = (schema: z.ZodObject, upcast = inCents): Partial<ModuleCode> => ({
    ...{ stateVersion: 2, upcast },
    reducer: reducer(schema, updates as never, builders as never),
  });

  it("comes in force at a start where every entity can be read, else it is refused; there is no way back", async () => {
    const first = await compose();
    await first.start();
    const { bus, domain } = first.system("shop");
    const [topic = ""] = domain.consumed.map((each) => each.topic);
    await bus.publish(
      [
        {
          ...{ topic, partition: 0, key: Buffer.from("o1"), headers: {} },
          value: Buffer.from(JSON.stringify({ order_id: "o1", amount: 5 })),
        },
      ],
      { timeoutMs: 5_000 },
    );
    const count = async () => (await first.store.query("select 1 from rollcall.entity where state = 'TOLD'")).length;
    await until(async () => (await count()) === 1);
    await first.stop();

    await expect(compose(second(centsUpTo(400)))).rejects.toThrow(
      /1 entity can't be read under stateVersion 2, \/amount: .* \(o1 for one\): let `upcast` make of it/,
    );
    told.length = 0;
    const next = await compose(second(centsUpTo(900)));
    expect(told).toEqual(["1 of 1 entities tried under stateVersion 2"]);
    expect(await contractInForce(next.store, "shop")).toMatchObject({ stateVersion: 2 });
    const [entity] = await next.system("shop").access.read();
    expect(entity?.data).toEqual({ amount: 500, unit: "cents" });
    await next.stop();

    await expect(compose()).rejects.toThrow(
      /of stateVersion 2, by the start of .*, and this code has 1: run code with/,
    );
  });
});

describe("a start where processes share a store", () => {
  let store: PgliteStore;
  beforeAll(async () => {
    store = await openInitializedStore();
    await emptyTables(store);
  });
  afterAll(() => store.close());

  it("puts its stateVersion in force beside contracts that replaced its folder's", async () => {
    const other = copyContracts(toyFolder, [["orders", "after: 2d", "after: 3d"]]);
    const start = (directory: string, stateVersion: number) => {
      const source = { directory, code: { ...toyCode, stateVersion }, names: { env: "test", namespace: "" } };
      const options = { isShared: true, by: "a test", warn: () => {} };
      return resolveStartupContracts(store, readContracts(source, [source.code]), source, options);
    };
    const { domain: old } = await start(toyFolder, 1);
    const { domain: replacing } = await start(other.dir, 1);
    const { domain } = await start(toyFolder, 2);
    other.remove();
    expect(old.contractHash).not.toBe(replacing.contractHash);
    expect(domain).toMatchObject({ contractHash: replacing.contractHash, stateVersion: 2 });
    expect(await contractInForce(store, "orders")).toMatchObject({ hash: replacing.contractHash, stateVersion: 2 });
  });
});
