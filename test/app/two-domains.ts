import { execFile } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { v7 } from "uuid";
import { composeHost } from "../../app/host/compose.ts";
import { readConfig } from "../../app/host/config.ts";
import { loadModule } from "../../app/host/load-modules.ts";
import { createHttpServer } from "../../app/http/server/http-server.ts";
import { SERVED_BY_DEFAULT } from "../../app/modules/shipped.ts";
import { partitionOf } from "../../runtime/core/murmur2.ts";
import { initializeStore } from "../initialized-store.ts";
import { installParcels } from "../parcels.ts";
import { until } from "../shell/orders.ts";

export const PROGRAM = fileURLToPath(new URL("../../dist/app/rollcall.js", import.meta.url));
const PARTITIONS = 2;

export type TwoDomains = Awaited<ReturnType<typeof openTwoDomains>>;

/** What is served by default, and the example's parcels in a folder as someone else has it, with its configuration. */
export async function openTwoDomains() {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "rollcall-domains-")));
  const parcels = await loadModule(installParcels(folder), folder);
  const modules = [...SERVED_BY_DEFAULT.map(({ name }) => name), "./dist/module.js"];
  writeFileSync(join(folder, "rollcall.config.json"), JSON.stringify({ modules }));
  const data = join(folder, "data");
  await initializeStore(data);
  const config = readConfig({ ROLLCALL_DATA_DIR: data, ROLLCALL_PARTITIONS: String(PARTITIONS) });
  const host = await composeHost(config, { modules: [...SERVED_BY_DEFAULT, parcels] });
  await host.start();
  const server = createHttpServer(host);
  const url = await server.listen({ host: "127.0.0.1", port: 0 });
  const env = { PATH: process.env["PATH"], ROLLCALL_URL: url };

  const stateOf = async (domain: string, id: string): Promise<string | undefined> => {
    const [row] = await host.store.query<{ state: string }>(
      "select state from rollcall.entity where domain = $1 and entity_id = $2",
      [domain, id],
    );
    return row?.state;
  };
  /** The bytes of a message to a domain, on the topic of one of its consumed messages. */
  const publishBytes = async (domain: string, id: string, value: Buffer, consumed = 0): Promise<void> => {
    const { topic } = host.system(domain).domain.consumed[consumed] as { topic: string };
    const record = { topic, partition: partitionOf(id, PARTITIONS), key: Buffer.from(id), value, headers: {} };
    await host.system(domain).bus.publish([record], { timeoutMs: 5_000 });
  };

  const publish = (domain: string, id: string, fields: object, consumed = 0): Promise<void> => {
    const { entityIdField, consumed: rows } = host.system(domain).domain;
    const payload = { [entityIdField]: id, ...fields };
    const envelope = { envelope_id: v7(), payload_type: rows[consumed]?.type, payload };
    return publishBytes(domain, id, Buffer.from(JSON.stringify(envelope)), consumed);
  };
  const untilState = (domain: string, id: string, state: string): Promise<void> =>
    until(async () => (await stateOf(domain, id)) === state);

  return {
    ...{ folder, parcels, host, url, env, stateOf, publish, publishBytes, untilState },
    /** A parcel that was stored, and then collected. */
    async collectParcel(id: string): Promise<void> {
      await publish("parcels", id, { email: "ann@example.com" });
      await untilState("parcels", id, "STORED");
      await publish("parcels", id, {}, 1);
      await untilState("parcels", id, "COLLECTED");
    },
    rollcall: (args: string, cwd = folder): Promise<{ code: number; out: string; err: string }> =>
      new Promise((resolve) =>
        execFile(process.execPath, [PROGRAM, ...args.split(" ")], { env, cwd }, (error, out, err) =>
          resolve({ code: error ? Number(error.code) : 0, out, err }),
        ),
      ),
    async close(): Promise<void> {
      await server.close();
      await host.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
