import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { composeHost, type Host } from "../../app/host/compose.ts";
import { readConfig } from "../../app/host/config.ts";
import { InvalidContractsError } from "../../app/host/contracts-in-force.ts";
import { partitionOf } from "../../runtime/core/murmur2.ts";
import { initializeStore } from "../initialized-store.ts";
import { until } from "../shell/orders.ts";
import { type Follower, followerModule } from "./follower-module.ts";
import { toyModule } from "./toy-module.ts";

const PARTITIONS = 3;

describe("a domain that reads what another one of the process publishes", () => {
  let folder: string;
  let host: Host | undefined;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "rollcall-foreign-"));
    await initializeStore(join(folder, "data"));
  });
  afterEach(async () => {
    await host?.stop();
    host = undefined;
    rmSync(folder, { recursive: true, force: true });
  });
  const compose = async (follower: Follower = {}): Promise<Host> => {
    const config = { ROLLCALL_DATA_DIR: join(folder, "data"), ROLLCALL_PARTITIONS: String(PARTITIONS) };
    const modules = [toyModule("books", folder), followerModule(folder, follower)];
    return (host = await composeHost(readConfig(config), { modules }));
  };
  const refusal = (refused: Promise<unknown>): Promise<unknown> =>
    refused.then(
      () => undefined,
      (error: unknown) => (error instanceof InvalidContractsError ? error.diagnostics : error),
    );

  it("follows it, when its entities have the same ids", async () => {
    const { system, start, store } = await compose();
    await start();
    const place = { topic: "dev.books.place-order", partition: partitionOf("o1", PARTITIONS), key: Buffer.from("o1") };
    const value = Buffer.from(JSON.stringify({ order_id: "o1", amount: 5 }));
    await system("books").bus.publish([{ ...place, value, headers: {} }], { timeoutMs: 5_000 });
    const planned = "select 1 from rollcall.entity where domain = 'deliveries' and entity_id = 'o1'";
    await until(async () => (await store.query(planned)).length === 1);
  });

  it("is refused at the start when they have others, before the store is opened", async () => {
    const refused = await refusal(compose({ entityId: "customer_id" }));
    expect(refused).toMatchObject([
      {
        ...{ code: "RC111", file: join(folder, "deliveries/deliveries.yaml"), line: 8 },
        related: [{ file: join(folder, "books/orders.yaml"), line: 15 }],
      },
    ]);
  });

  it("is refused at a reload, of its own contracts or of the publisher's", async () => {
    const { start, system } = await compose({ topic: "{env}.{namespace}.books.later", entityId: "customer_id" });
    await start();
    const [books, deliveries] = [system("books").runtime, system("deliveries").runtime];
    followerModule(folder, { entityId: "customer_id" });
    expect(await refusal(deliveries.reload("a test"))).toMatchObject([{ code: "RC111" }]);
    expect(deliveries.refusedChange).toMatchObject({ by: "a test", diagnostics: [{ code: "RC111" }] });
    const orders = join(folder, "books/orders.yaml");
    writeFileSync(orders, readFileSync(orders, "utf8").replaceAll(".books.orders", ".books.later"));
    expect(await refusal(books.reload("a test"))).toMatchObject([
      { code: "RC111", file: join(folder, "deliveries/deliveries.yaml"), related: [{ file: orders }] },
    ]);
    followerModule(folder, { topic: "{env}.{namespace}.books.other", entityId: "customer_id" });
    expect(await deliveries.reload("a test")).toMatchObject({ changed: true });
    expect(await books.reload("a test")).toMatchObject({ changed: true });
  });
});
