import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { composeHost, type Host } from "../../../app/host/compose.ts";
import { readConfig } from "../../../app/host/config.ts";
import { partitionOf } from "../../../runtime/core/murmur2.ts";
import { initializeStore } from "../../initialized-store.ts";
import { until } from "../../shell/orders.ts";
import { kioskModule } from "./kiosk-module.ts";

const PARTITIONS = 2;
const none = { missing: 0, altered: 0, leftover: 0 };

/** Two domains that write to one catalogue, and both compare it with their entities. */
export function testSharedCatalogue(
  freshEnvironment: () => Readonly<Record<string, string>>,
  isOutsideOfTheStore = false,
): void {
  let environment: Readonly<Record<string, string>>;
  let folder: string;
  let host: Host;
  beforeEach(() => {
    environment = freshEnvironment();
    folder = mkdtempSync(join(tmpdir(), "rollcall-catalogue-"));
  });
  afterEach(async () => {
    await host.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** On the store in a folder of this name; it is empty at first. */
  const serve = async (store: string, domains: readonly string[]): Promise<void> => {
    const data = join(folder, store);
    if (!existsSync(data)) await initializeStore(data);
    const config = readConfig({
      ...{ ROLLCALL_DATA_DIR: data, ROLLCALL_PARTITIONS: String(PARTITIONS) },
      ...environment,
    });
    const modules = domains.map((name) => kioskModule(name, folder));
    host = await composeHost(config, { modules, limits: { reconcileEveryMs: 100 } });
    await host.start();
  };
  const send = (domain: string, command: "open" | "close", id: string) => {
    const { bus, domain: served } = host.system(domain);
    const topic = served.consumed.map((each) => each.topic).find((each) => each.endsWith(command)) ?? "";
    const value = Buffer.from(JSON.stringify({ kiosk_id: id }));
    const message = { topic, partition: partitionOf(id, PARTITIONS), key: Buffer.from(id), value, headers: {} };
    return bus.publish([message], { timeoutMs: 5_000 });
  };
  const listed = async (domain: string): Promise<string[]> => {
    const entries = await host.system(domain).catalog.services(domain, false);
    return entries.map(({ service_id }) => service_id).toSorted();
  };
  /** What each domain's next two comparisons of the catalogue with its entities found. */
  const compared = () =>
    Promise.all(
      host.systems.map(async ({ watch }) => {
        const found: { missing: number; altered: number; leftover: number }[] = [];
        const stop = watch((event) => {
          if (event.kind !== "comparison_done") return;
          const { missing, altered, leftover } = event;
          found.push({ missing, altered, leftover });
        });
        await until(() => found.length >= 2);
        stop();
        return found[0];
      }),
    );

  it("keeps the entries of each, whose ids are the other's too", async () => {
    await serve("one", ["kiosks", "stands"]);
    await send("kiosks", "open", "k1");
    await send("stands", "open", "k1");
    await send("stands", "open", "k2");
    await until(async () => (await listed("kiosks")).length + (await listed("stands")).length === 3);
    await compared();
    await send("stands", "close", "k1");
    await until(async () => (await listed("stands")).length === 1);
    expect(await compared()).toEqual([none, none]);
    expect([await listed("kiosks"), await listed("stands")]).toEqual([["kiosks-k1"], ["stands-k2"]]);
  });

  if (!isOutsideOfTheStore) return;
  it("removes no entry of the other when one begins on an empty store", async () => {
    await serve("one", ["kiosks", "stands"]);
    await send("kiosks", "open", "k1");
    await send("stands", "open", "k1");
    await until(async () => (await listed("kiosks")).length + (await listed("stands")).length === 2);
    await host.stop();
    await serve("two", ["stands"]);
    // Its own service of before is a leftover for it: the comparison does see the catalogue.
    expect(await compared()).toEqual([{ ...none, leftover: 1 }]);
    await host.stop();
    await serve("one", ["kiosks"]);
    expect(await compared()).toEqual([none]);
  });
}
