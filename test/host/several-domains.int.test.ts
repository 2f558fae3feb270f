import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { composeHost, type Host } from "../../app/host/compose.ts";
import { readConfig } from "../../app/host/config.ts";
import type { HostOptions } from "../../app/host/open-shared.ts";
import { effect } from "../../runtime/core/effect.ts";
import { partitionOf } from "../../runtime/core/murmur2.ts";
import { toyCode } from "../contract/toy-domain.ts";
import { initializeStore } from "../initialized-store.ts";
import { until } from "../shell/orders.ts";
import { toyModule } from "./toy-module.ts";

/** Of each domain. */
const PARTITIONS = { books: 3, tools: 2 } as const;
type DomainName = keyof typeof PARTITIONS;

describe("a host of several domains", () => {
  let folder: string;
  let host: Host;
  let ended: unknown[];
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "rollcall-host-"));
    await initializeStore(join(folder, "data"));
    ended = [];
  });
  afterEach(async () => {
    await host.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const compose = async (options: Partial<HostOptions> = {}): Promise<Host> =>
    (host = await composeHost(
      readConfig({
        ROLLCALL_DATA_DIR: join(folder, "data"),
        ROLLCALL_PARTITIONS: "3",
        ROLLCALL_DOMAIN_PARTITIONS: "tools=2",
      }),
      {
        modules: ["books", "tools"].map((name) => toyModule(name, folder)),
        onFatal: (error) => void ended.push(error),
        ...options,
      },
    ));
  const served = async (options: Partial<HostOptions> = {}): Promise<void> => {
    await (await compose(options)).start();
    await until(() => host.systems.every(({ runtime }) => runtime.failure || runtime.status().owned.length > 0));
  };
  const place = (domain: DomainName, id: string, amount = 5) =>
    host.system(domain).bus.publish(
      [
        {
          topic: `dev.${domain}.place-order`,
          partition: partitionOf(id, PARTITIONS[domain]),
          key: Buffer.from(id),
          value: Buffer.from(JSON.stringify({ order_id: id, amount })),
          headers: {},
        },
      ],
      { timeoutMs: 5_000 },
    );
  const states = async () => {
    const rows = await host.store.query<{ domain: string; id: string; state: string }>(
      "select domain, entity_id as id, state from rollcall.entity order by domain, entity_id",
    );
    return rows.map(({ domain, id, state }) => `${domain} ${id} ${state}`);
  };
  /** What ends a domain's runtime, such as a bus that can't go on. */
  const breakTurns = async (domain: string): Promise<void> => {
    const { runtime } = host.system(domain);
    await runtime.restart(new Error("its group is fenced"));
  };

  it("keeps the entities, journals and contracts of the same id apart", async () => {
    await served();
    await place("books", "o1");
    await place("tools", "o1", 7);
    await until(async () => (await states()).join() === "books o1 TOLD,tools o1 TOLD");
    const rows = await host.store.query<{ domain: string; amount: number }>(
      "select domain, (data->>'amount')::int as amount from rollcall.entity_data order by domain",
    );
    expect(rows).toEqual([
      { domain: "books", amount: 5 },
      { domain: "tools", amount: 7 },
    ]);
    const journaled = await host.store.query<{ domain: string; events: number }>(
      "select domain, count(*)::int as events from rollcall.journal where kind = 'event' group by 1 order by 1",
    );
    expect(journaled).toEqual([
      { domain: "books", events: 2 },
      { domain: "tools", events: 2 },
    ]);
  });

  it("goes on with one while an effect of the other never answers", async () => {
    const [charge] = [toyCode.effects["HandlerCardCharge"]];
    const HandlerCardCharge = effect(charge?.intent as never, ["BANK_BUSY"], () => new Promise<never>(() => {}));
    await served({ modules: [toyModule("books", folder), toyModule("tools", folder, { HandlerCardCharge })] });
    await place("tools", "o1");
    await place("books", "o1");
    await until(async () => (await states()).join() === "books o1 TOLD,tools o1 UNPAID");
  });

  it("reloads the contracts of one only", async () => {
    await served();
    const before = host.systems.map(({ domain }) => domain.contractHash);
    const file = join(folder, "tools", "orders.yaml");
    writeFileSync(file, readFileSync(file, "utf8").replace("ordered before", "ordered already"));
    expect(await host.system("tools").runtime.reload("a test")).toMatchObject({ changed: true });
    expect(await host.system("books").runtime.reload("a test")).toMatchObject({ changed: false });
    const after = host.systems.map(({ domain }) => domain.contractHash);
    expect([after[0] === before[0], after[1] === before[1]]).toEqual([true, false]);
  });

  it("goes on with both while a change of one's contracts is refused", async () => {
    await served();
    const file = join(folder, "tools", "orders.yaml");
    const text = readFileSync(file, "utf8");
    writeFileSync(file, text.replace("trigger: OrderPaid", "trigger: OrderLent"));
    await expect(host.system("tools").runtime.reload("a test")).rejects.toThrow("no transition takes OrderPaid");
    for (const domain of ["books", "tools"] as const) await place(domain, "o1");
    await until(async () => (await states()).join() === "books o1 TOLD,tools o1 TOLD");
    const refused = { code: "CONTRACTS_REFUSED", domain: "tools", blocks: "nothing" };
    expect(await host.troubles.list()).toEqual([expect.objectContaining(refused)]);
    writeFileSync(file, text);
    await host.system("tools").runtime.reload("a test");
    expect(await host.troubles.list()).toEqual([]);
  });

  it("starts one anew that failed, while the other is served", async () => {
    await served();
    const restarted = breakTurns("tools");
    const { runtime } = host.system("tools");
    expect(runtime.failure).toMatchObject({ error: new Error("its group is fenced") });
    await place("books", "o1");
    await until(async () => (await states()).join() === "books o1 TOLD");
    await restarted;
    await until(() => runtime.status().owned.length === PARTITIONS.tools);
    expect(runtime.failure).toBeNull();
    await place("tools", "o2");
    await until(async () => (await states()).join() === "books o1 TOLD,tools o2 TOLD");
    expect(ended).toEqual([]);
  });

  it("serves one while the topics of the other can't be used, and that one too when they can", async () => {
    await compose();
    // A topic with another number of partitions than the rest: nobody may guess which is right.
    await host.store.query("insert into rollcall.bus_topic (topic, partitions) values ($1, 5), ($2, 2)", [
      "dev.tools.place-order",
      "dev.tools.orders",
    ]);
    await host.start();
    const { runtime } = host.system("tools");
    expect(runtime.failure).toMatchObject({ error: { code: "TOPICS_UNEQUAL" } });
    expect(runtime.status().owned).toEqual([]);
    await place("books", "o1");
    await until(async () => (await states()).join() === "books o1 TOLD");
    await host.store.query("update rollcall.bus_topic set partitions = 2");
    await until(() => runtime.failure === null && runtime.status().owned.length === PARTITIONS.tools);
    expect(ended).toEqual([]);
  });

  it("serves only the domains that are asked for", async () => {
    await served({ only: ["tools"] });
    expect(host.systems.map(({ name }) => name)).toEqual(["tools"]);
    expect(() => host.system("books")).toThrow("the domain books is not served here: tools are");
  });

  it("takes a folder's contracts for the domain that they name", async () => {
    const folderOfAuthor = join(folder, "edited");
    toyModule("tools", folderOfAuthor);
    const contractsDir = join(folderOfAuthor, "tools");
    const file = join(contractsDir, "orders.yaml");
    writeFileSync(file, readFileSync(file, "utf8").replace("ordered before", "ordered already"));
    await compose({ contractsDir });
    const [books, tools] = host.systems;
    expect(tools?.contractsDir).toBe(contractsDir);
    expect(tools?.domain.contractHash).not.toBe(books?.domain.contractHash);
  });

  it("ends when none can be served", async () => {
    await compose({ only: ["tools"] });
    await host.store.query("insert into rollcall.bus_topic (topic, partitions) values ($1, 5), ($2, 2)", [
      "dev.tools.place-order",
      "dev.tools.orders",
    ]);
    await expect(host.start()).rejects.toMatchObject({ code: "TOPICS_UNEQUAL" });
  });
});
