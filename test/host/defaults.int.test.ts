import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { composeHost, type Host } from "../../app/host/compose.ts";
import { readConfig } from "../../app/host/config.ts";
import { checkModule } from "../../app/host/check-module.ts";
import { partitionOf } from "../../runtime/core/murmur2.ts";
import { bookingsCode, bookingsFolder } from "../contract/bookings-domain.ts";
import { initializeStore } from "../initialized-store.ts";
import { until } from "../shell/orders.ts";

const PARTITIONS = 3;
const TOPIC = "dev.room-bookings.cmd.v1";

let folder: string;
let host: Host;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "rollcall-bookings-"));
  await initializeStore(join(folder, "data"));
  const candidate = {
    api: 1,
    name: "bookings",
    domains: [{ name: "room_bookings", contracts: pathToFileURL(`${bookingsFolder}/`), code: () => bookingsCode }],
  };
  host = await composeHost(
    readConfig({ ROLLCALL_DATA_DIR: join(folder, "data"), ROLLCALL_PARTITIONS: String(PARTITIONS) }),
    { modules: [checkModule(candidate, "bookings.js")] },
  );
  await host.start();
});
afterEach(async () => {
  await host.stop();
  rmSync(folder, { recursive: true, force: true });
});

const entities = () =>
  host.store.query<{ id: string; state: string; data: object }>(
    "select entity_id as id, state, data from rollcall.entity natural join rollcall.entity_data",
  );

it("a module with one contract, and no code but shapes, is served", async () => {
  const value = Buffer.from(JSON.stringify({ booking_id: "b1", room: "blue", guests: 2 }));
  const record = { topic: TOPIC, partition: partitionOf("b1", PARTITIONS), key: Buffer.from("b1"), value, headers: {} };
  await host.system("room_bookings").bus.publish([record], { timeoutMs: 5_000 });
  await until(async () => (await entities()).length === 1);
  expect(await entities()).toEqual([{ id: "b1", state: "CONFIRMED", data: { room: "blue", guests: 2 } }]);
  const [stored] = await host.store.query<{ files: object }>("select files from rollcall.contract_set");
  expect(Object.keys(stored?.files ?? {})).toEqual(["bookings.yaml"]);
});
