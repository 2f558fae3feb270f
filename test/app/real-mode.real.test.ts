import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Program, startProgram } from "../blackbox/program.ts";
import { describeReal } from "../real/services/describe-real.ts";
import { freshDatabase, type FreshDatabase } from "../real/services/fresh-database.ts";
import { freshNamespace } from "../real/services/fresh-namespace.ts";
import { environmentOf } from "../real/services/service-addresses.ts";

const PROGRAM = fileURLToPath(new URL("../../dist/app/rollcall.js", import.meta.url));

describeReal("HTTP and the command line of two processes on Kafka, Postgres and Consul", (services) => {
  let database: FreshDatabase;
  let environment: Record<string, string>;
  let programs: Program[];
  beforeAll(async () => {
    database = await freshDatabase(services.database);
    const own = { ROLLCALL_NAMESPACE: freshNamespace(), ROLLCALL_PARTITIONS: "4", DATABASE_URL: database.url };
    environment = { ...environmentOf(services), ...own };
    expect(await rollcall("migrate")).toMatchObject({ code: 0, out: expect.stringContaining("applied runtime/0001") });
    expect(await rollcall("migrate")).toMatchObject({ code: 0, out: expect.stringContaining("nothing to apply") });
    const first = await startProgram({ environment });
    programs = [first, await startProgram({ environment })];
  });
  afterAll(async () => {
    await Promise.all((programs ?? []).map((program) => program.stop()));
    await database?.drop();
  });

  const rollcall = (args: string, url = ""): Promise<{ code: number; out: string; err: string }> =>
    new Promise((resolve) => {
      const env = { PATH: process.env["PATH"], ...environment, ...(url && { ROLLCALL_URL: url }) };
      execFile(process.execPath, [PROGRAM, ...args.split(" ")], { env }, (error, out, err) =>
        resolve({ code: error ? Number(error.code) : 0, out, err }),
      );
    });
  const publish = async (url: string, payload_type: string, payload: object, query = "") => {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ payload_type, payload });
    const answer = await fetch(`${url}/api/v1/events${query}`, { method: "POST", headers, body });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };

  it("answers with the outcome whichever process decides, and both show it", async () => {
    const urls = programs.map(({ url }) => url) as [string, string];
    for (const node_id of ["real-1", "real-2", "real-3", "real-4", "real-5"]) {
      for (const url of urls) {
        const endpoints = { api: `http://10.1.0.1:${url === urls[0] ? 80 : 81}` };
        const outcome = publish(
          url,
          "NodeIntrospectionEvent",
          { node_id, node_type: "effect", endpoints },
          "?wait=active&timeout=30s",
        );
        const state = async () =>
          ((await (await fetch(`${urls[1]}/api/v1/registrations/${node_id}`)).json()) as { state?: string }).state;
        await expect.poll(state, { timeout: 20_000 }).toMatch(/AWAITING_ACK|ACTIVE/);
        await publish(urls[1], "NodeRegistrationAcked", { node_id });
        expect(await outcome).toMatchObject({ status: 200, body: { state: "ACTIVE", attempt: 1 } });
      }
    }
    const services = await fetch(`${urls[0]}/api/v1/services/onex-effect?passing`);
    const { items } = (await services.json()) as { items: { node_id: string }[] };
    expect(items.map(({ node_id }) => node_id).sort()).toEqual(["real-1", "real-2", "real-3", "real-4", "real-5"]);
  });

  it("has no findings in either process", async () => {
    for (const { url } of programs) {
      const { code, out } = await rollcall("doctor", url);
      expect(out).not.toContain("FINDING");
      expect(out).toMatch(/bus +kafka/);
      expect(out).toMatch(/input topics have LogAppendTime/);
      expect(code).toBe(0);
    }
  });

  it("finds stored offsets above the log's end, and deletes them with --yes", async () => {
    expect(await rollcall("offsets reset")).toMatchObject({
      code: 0,
      out: expect.stringContaining("no stored offset"),
    });
    const client = new Client({ connectionString: database.url });
    await client.connect();
    try {
      // An offset of a topic without messages, so that no process overwrites it.
      await client.query(
        `insert into rollcall.source_offset (domain, topic, partition, next_offset)
         select 'registration', $1, 0, 1000 on conflict (domain, topic, partition) do update set next_offset = 1000`,
        [`dev.${environment["ROLLCALL_NAMESPACE"]}.onex.cmd.node-deregister.v1`],
      );
    } finally {
      await client.end();
    }
    expect(await rollcall("offsets reset")).toMatchObject({
      code: 1,
      out: expect.stringMatching(/node-deregister\.v1 +0 +1000 +0/),
    });
    expect(await rollcall("offsets reset --yes")).toMatchObject({ code: 0, out: expect.stringContaining("deleted") });
    expect(await rollcall("offsets reset --json")).toMatchObject({
      code: 0,
      out: expect.stringContaining('"strays": []'),
    });
  });
});
