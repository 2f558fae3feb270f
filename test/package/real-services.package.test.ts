import { type ChildProcess } from "node:child_process";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { sendTo, stateIn } from "../blackbox/domain-requests.ts";
import { describeReal } from "../real/services/describe-real.ts";
import { freePorts } from "../real/services/free-ports.ts";
import { freshDatabase } from "../real/services/fresh-database.ts";
import { freshNamespace } from "../real/services/fresh-namespace.ts";
import { environmentOf } from "../real/services/service-addresses.ts";
import { waitUntil } from "../real/services/wait-until.ts";
import { ROOT } from "../tidy/sources.ts";
import { catalogDomain } from "./consul/catalog-domain.ts";
import { compile, compileProject } from "./consumer.ts";
import { Installed } from "./installed.ts";

type Five = [string, string, string, string, string];

describeReal("the domains of somebody else, from the package, in two processes", (services) => {
  const namespace = freshNamespace();
  let installed: Installed;
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  let ports: Record<"one" | "two", number>;
  let one: ChildProcess;
  beforeAll(async () => {
    installed = new Installed();
    const folder = join(installed.folder, "strangers");
    catalogDomain(installed, "strangers");
    expect(await compile(installed, "strangers")).toBe("");
    cpSync(join(ROOT, "examples/parcels"), join(folder, "parcels"), { recursive: true });
    expect(await compileProject(join(folder, "parcels"))).toBe("");
    installed.write("strangers/rollcall.config.json", '{ "modules": ["./module.js", "./parcels/dist/module.js"] }\n');
    database = await freshDatabase(services.database);
    ports = await freePorts(["one", "two"]);
    const environment = {
      ...environmentOf(services),
      ...{ DATABASE_URL: database.url, ROLLCALL_NAMESPACE: namespace },
      ...{ ROLLCALL_PARTITIONS: "2", KAFKA_SESSION_TIMEOUT_MS: "6000", ROLLCALL_LISTENERS: "parcels=main" },
    };
    one = await installed.serve(ports.one, folder, environment);
    await installed.serve(ports.two, folder, environment);
  });
  afterAll(async () => {
    installed.close();
    await database.drop();
  });

  const urlOf = (port: number): string => `http://127.0.0.1:${port}`;
  const send = (port: number, domain: string, type: string, payload: object): Promise<void> =>
    sendTo(urlOf(port), domain, type, payload);
  const comesTo = (port: number, domain: string, state: string, ids: readonly string[]): Promise<void> =>
    waitUntil(
      async () => {
        for (const id of ids) expect([id, await stateIn(urlOf(port), domain, id)]).toEqual([id, state]);
      },
      { what: `${domain} that are ${state}`, timeoutMs: 60_000 },
    );
  const inConsul = async (): Promise<readonly string[]> => {
    const address = /^https?:/.test(services.consul) ? services.consul : `http://${services.consul}`;
    const answer = await fetch(`${address}/v1/health/service/printers?passing`);
    const entries = (await answer.json()) as { Service: { ID: string; Address: string; Port: number } }[];
    return entries
      .filter(({ Service }) => Service.ID.startsWith(`printer-${namespace}`))
      .map(({ Service: { ID, Address, Port } }) => `${ID} ${Address}:${Port}`)
      .toSorted();
  };

  it("answer through their gateways, whichever process decides", async () => {
    const ask = async (port: number, method: string, path: string, body?: object, headers: object = {}) => {
      const answer = await fetch(urlOf(port) + path, {
        method,
        headers: { "content-type": "application/json", ...headers },
        ...(body && { body: JSON.stringify(body) }),
      });
      return { status: answer.status, etag: answer.headers.get("etag") ?? "", body: (await answer.json()) as object };
    };
    const ids = ["g1", "g2", "g3", "g4"].map((id) => `${namespace}-${id}`);
    for (const [at, id] of ids.entries()) {
      const [port, other] = at % 2 === 0 ? [ports.one, ports.two] : [ports.two, ports.one];
      const items = [`lamp ${at}`, `kettle ${at}`];
      // Answered when the mail was sent, by whichever process has the parcel.
      const delivered = await ask(port, "POST", `/courier/parcels/${id}`, { email: "ann@example.com", items });
      expect(delivered).toMatchObject({ status: 201, body: { parcel_id: id, state: "STORED" } });
      const { etag } = await ask(other, "GET", `/v1/parcels/${id}`);
      const correct = (from: number, email: string) =>
        ask(from, "PATCH", `/v1/parcels/${id}`, { email }, { "if-match": etag });
      const [one, two] = await Promise.all([correct(port, "anne@example.com"), correct(other, "anna@example.com")]);
      expect([one.status, two.status].toSorted()).toEqual([200, 412]);
      const again = (to: string) => ask(other, "POST", `/courier/parcels/${id}/redelivery`, { parcel_id: to });
      expect(await again(`${id}-b`)).toMatchObject({ status: 409, body: { error: "STILL_THERE" } });
      expect((await ask(other, "POST", `/v1/parcels/${id}/collection`)).status).toBe(200);
      expect(await again(`${id}-b`)).toMatchObject({ status: 201, body: { parcel_id: `${id}-b`, state: "STORED" } });
    }
    const list = async (query: string) => (await ask(ports.two, "GET", `/v1/${query}`)).body as never;
    const { items, total } = (await list("items?begins=lamp&limit=3&page=2")) as { items: object[]; total: number };
    expect([total, items]).toMatchObject([4, [{ item: "lamp 3", place: 0, parcel_id: `${ids[3]}-b` }]]);
    expect(await list("parcels")).toHaveLength(4);
    expect(await list("parcels?collected=true")).toHaveLength(8);
  });

  it("go on when one of them is killed, and what they write to Consul is there once", async () => {
    const [a1, a2, a3, b1, b2] = ["a1", "a2", "a3", "b1", "b2"].map((id) => `${namespace}-${id}`) as Five;
    for (const id of [a1, a2, a3]) {
      await send(ports.one, "printers", "PrinterSeen", { printer_id: id });
      await send(ports.one, "parcels", "StoreParcel", { parcel_id: id, email: "ann@example.com" });
    }
    await comesTo(ports.two, "printers", "LISTED", [a1, a2, a3]);
    await comesTo(ports.two, "parcels", "STORED", [a1, a2, a3]);

    one.kill("SIGKILL");
    for (const id of [b1, b2]) await send(ports.two, "printers", "PrinterSeen", { printer_id: id });
    for (const id of [a1, a2, a3]) await send(ports.two, "parcels", "CollectParcel", { parcel_id: id });
    await comesTo(ports.two, "parcels", "COLLECTED", [a1, a2, a3]);
    // The last one was found by the module's job, in whichever process has run it.
    const all = [a1, `${a1}-twin`, a2, a3, b1, b2];
    await comesTo(ports.two, "printers", "LISTED", all);

    const routed = await fetch(`http://127.0.0.1:${ports.two}/api/v1/printers`);
    expect(await routed.json()).toEqual({ name: "printers", ids: all });
    const listed = all.map((id) => `printer-${id} 10.0.0.9:631`);
    await waitUntil(async () => expect(await inConsul()).toEqual(listed), { what: "Consul", timeoutMs: 20_000 });
    await waitUntil(async () => expect((await fetch(`http://127.0.0.1:${ports.two}/health/ready`)).status).toBe(200), {
      ...{ what: "readiness of what is left", timeoutMs: 60_000 },
    });
  });
});
