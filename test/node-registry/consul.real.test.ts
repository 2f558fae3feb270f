import { afterAll, beforeAll, expect, it } from "vitest";
import { type ConsulProxy, startConsulProxy } from "../faults/consul/proxy.ts";
import { describeReal } from "../real/services/describe-real.ts";
import { rollcall } from "../security/rollcall.ts";
import { ConsulNodes } from "./consul-nodes.ts";
import { ask, RealRegistry } from "./real-registry.ts";

const LEASE_SECONDS = 9;
const BEAT_MS = 2_000;
/** Until the comparison that finds what somebody else has changed, and its repair. */
const REPAIRED = { timeout: 90_000, interval: 500 };
const SOON = { timeout: 30_000 };
const [A, B, C, D, E] = ["node-a", "node-b", "node-c", "node-d", "node-e"] as const;

interface Ready {
  readonly troubles: readonly { readonly code: string; readonly domain: string | null; readonly blocks: string }[];
}

describeReal("nodes of a registry in two processes, in Consul", (services) => {
  let consul: ConsulProxy;
  let registry: RealRegistry;
  let nodes: ConsulNodes;
  /** Those that beat, at one process and the other in turn. */
  const beating = new Set<string>();
  let beats = 0;
  let timer: NodeJS.Timeout | undefined;
  beforeAll(async () => {
    consul = await startConsulProxy(services.consul);
    const environment = { CONSUL_HTTP_ADDR: consul.address };
    registry = await RealRegistry.open(services, { leaseSeconds: LEASE_SECONDS, environment });
    nodes = new ConsulNodes(services.consul, registry.namespace, "node-in-consul");
    timer = setInterval(() => {
      for (const id of beating) void beat(id).catch(() => {});
    }, BEAT_MS);
  });
  afterAll(async () => {
    clearInterval(timer);
    await registry?.close();
    await consul?.close();
  });

  const at = (nth: number, path: string): string => `${registry.doors[nth % 2]}/api/v1/nodes${path}`;
  const beat = (node_id: string, more: object = {}) =>
    ask("POST", at(beats++, "/heartbeat"), { as: "fleet", body: { node_id, ...more } });
  const register = async (nth: number, node_id: string, more: object = {}) => {
    const body = { node_id, hostname: `host-of-${node_id}`, ip: `10.0.0.${nth}`, role: "in consul", ...more };
    const answer = await ask("POST", at(nth, "/register"), { as: "fleet", body });
    expect(answer).toMatchObject({ status: 200, body: { node_id, status: "online" } });
    beating.add(node_id);
  };
  const ready = async (nth: number): Promise<Ready> =>
    (await registry.atHostOf<Ready>(nth as 0 | 1, "GET", "/health/ready")).body;

  it("are found while they are online, whichever process they are registered at", async () => {
    for (const [nth, id] of [A, B, C, D].entries()) await register(nth, id, { labels: [`label-of-${id}`] });
    await expect.poll(() => nodes.healthy(), SOON).toEqual([A, B, C, D]);
    expect(await nodes.of(B)).toMatchObject({
      ID: "node-node-b",
      Address: "10.0.0.1",
      Tags: ["label-of-node-b"],
      Meta: { node_id: B, hostname: "host-of-node-b", role: "in consul", status: "online" },
    });
  });

  it("are two when their ids differ only in case, though to Consul such ids are one", async () => {
    for (const [nth, id] of ["node-cased", "node-CASED"].entries()) await register(nth, id, { role: "cased" });
    const cased = new ConsulNodes(services.consul, registry.namespace, "node-cased");
    await expect.poll(() => cased.healthy(), SOON).toEqual(["node-CASED", "node-cased"]);
    for (const id of ["node-cased", "node-CASED"]) {
      beating.delete(id);
      await beat(id, { status: "offline" });
    }
    await expect.poll(() => cased.all(), SOON).toEqual({});
  });

  it("have another name with another role", async () => {
    const others = new ConsulNodes(services.consul, registry.namespace, "node-moved");
    await register(0, D, { role: "moved" });
    await expect.poll(async () => [await nodes.healthy(), await others.healthy()], SOON).toEqual([[A, B, C], [D]]);
    await register(1, D);
    await expect.poll(async () => [await nodes.healthy(), await others.healthy()], SOON).toEqual([[A, B, C, D], []]);
  });

  it("are not healthy while they are out of service, with the reason, and healthy again at its end", async () => {
    const body = { mode: "maintenance", reason: "new disks" };
    expect((await ask("PUT", at(1, `/${A}/out-of-service`), { body })).status).toBe(200);
    await expect.poll(() => nodes.healthy(), SOON).toEqual([B, C, D]);
    expect(await nodes.all()).toMatchObject({ [A]: "maintenance: new disks, by olga", [B]: "online" });
    expect((await ask("DELETE", at(0, `/${A}/out-of-service`))).status).toBe(200);
    await expect.poll(() => nodes.healthy(), SOON).toEqual([A, B, C, D]);
  });

  it("go when they are revoked, and when they fall silent", async () => {
    beating.delete(B);
    expect((await ask("DELETE", at(1, `/${B}`))).status).toBe(200);
    await expect.poll(async () => Object.keys(await nodes.all()), SOON).toEqual([A, C, D]);
    beating.delete(C);
    await expect.poll(async () => Object.keys(await nodes.all()), SOON).toEqual([A, D]);
    expect((await ask("GET", at(0, `/${C}`))).body["status"]).toBe("offline");
  });

  it("cost Consul nothing while they only beat", async () => {
    const intents = () => registry.query("select 1 from rollcall.journal where kind = 'intent'");
    const before = (await intents()).length;
    for (let nth = 0; nth < 20; nth++) expect((await beat(A)).status).toBe(200);
    expect(await intents()).toHaveLength(before);
  });

  it("are registered and beat as ever while Consul is away, and Consul catches up with what is last", async () => {
    consul.be("down");
    await register(0, E, { labels: ["first"] });
    await register(1, E, { labels: ["second"] });
    await register(0, E, { labels: ["last"] });
    beating.delete(D);
    expect((await beat(D, { status: "offline" })).body["status"]).toBe("offline");
    await expect
      .poll(() => registry.query("select distinct entity_id from rollcall.intent order by 1"), SOON)
      .toEqual([{ entity_id: D }, { entity_id: E }]);
    for (const nth of [0, 1]) {
      const unavailable = { code: "BACKEND_UNAVAILABLE", domain: "node_registry", blocks: "nothing" };
      await expect
        .poll(async () => (await ready(nth)).troubles, SOON)
        .toEqual(expect.arrayContaining([expect.objectContaining(unavailable) as never]));
      expect((await ask("GET", `${registry.doors[nth]}/health`)).status).toBe(200);
    }
    expect((await beat(E)).body["status"]).toBe("online");
    expect((await ask("GET", at(1, `/${E}`))).body).toMatchObject({ status: "online", labels: ["last"], silent: null });
    expect(Object.keys(await nodes.all())).toEqual([A, D]);
    consul.be("well");
    await expect.poll(async () => Object.keys(await nodes.all()), SOON).toEqual([A, E]);
    expect((await nodes.of(E))?.Tags).toEqual(["last"]);
    await expect.poll(() => registry.query("select 1 from rollcall.intent"), SOON).toEqual([]);
  });

  it("come back when somebody else has removed them, and nothing else is written again", async () => {
    await nodes.remove(`node-${A}`);
    await expect.poll(() => nodes.healthy(), REPAIRED).toEqual([A, E]);
    const drifted = await registry.query("select entity_id from rollcall.journal where type = 'drift(consul)'");
    expect(drifted).toEqual([{ entity_id: A }]);
  });

  it("are not served by a process without Consul while others have it", async () => {
    const { command, environment } = registry;
    const more = { CONSUL_HTTP_ADDR: "", ROLLCALL_LISTENERS: "node_registry=off", ROLLCALL_HTTP_PORT: "0" };
    const refused = await rollcall(command.join(" "), { ...environment, ...more });
    expect(refused.code).toBe(1);
    expect(refused.err + refused.out).toContain("CONSUL_HTTP_ADDR is set there, and not here");
    await register(1, E, { labels: ["after"] });
    await expect.poll(async () => (await nodes.of(E))?.Tags, SOON).toEqual(["after"]);
  });
});

describeReal("a registry in two processes, without Consul", (services) => {
  let registry: RealRegistry;
  beforeAll(async () => {
    registry = await RealRegistry.open(services, { leaseSeconds: 600 });
  });
  afterAll(() => registry?.close());

  it("asks nothing of it, keeps nothing for it, and does not know it", async () => {
    const { doors } = registry;
    const [first, second] = doors.map((door) => `${door}/api/v1/nodes`);
    const body = { node_id: A, hostname: "h", role: "r" };
    expect((await ask("POST", `${first}/register`, { as: "fleet", body })).status).toBe(200);
    const out = { body: { mode: "draining" } };
    expect((await ask("PUT", `${second}/${A}/out-of-service`, out)).status).toBe(200);
    expect((await ask("DELETE", `${first}/${A}`)).status).toBe(200);
    const kinds = await registry.query("select distinct kind from rollcall.journal order by 1");
    expect(kinds).toEqual([{ kind: "event" }, { kind: "message" }]);
    expect(await registry.query("select 1 from rollcall.catalog_service")).toEqual([]);
    const { body: ready } = await registry.atHost<{ readonly parts?: object }>(
      "GET",
      "/health/ready?domain=node_registry",
    );
    expect(ready.parts).not.toHaveProperty("catalogue");
  });

  it("is not served by a process with Consul while others have none", async () => {
    const more = {
      CONSUL_HTTP_ADDR: services.consul,
      ROLLCALL_LISTENERS: "node_registry=off",
      ROLLCALL_HTTP_PORT: "0",
    };
    const { command, environment } = registry;
    const refused = await rollcall(command.join(" "), { ...environment, ...more });
    expect(refused.code).toBe(1);
    expect(refused.err + refused.out).toContain("CONSUL_HTTP_ADDR is set here, and not there");
  });

  it("has it once all were stopped: then the first that is started decides", async () => {
    const nodes = new ConsulNodes(services.consul, registry.namespace, "node-r");
    const body = { node_id: B, hostname: "h", role: "r" };
    expect((await ask("POST", `${registry.doors[0]}/api/v1/nodes/register`, { as: "fleet", body })).status).toBe(200);
    for (const program of [...registry.programs]) await program.stop();
    await registry.startAt(0, { CONSUL_HTTP_ADDR: services.consul });
    // It was online before: the comparison finds that it is missing.
    await expect.poll(() => nodes.healthy(), REPAIRED).toEqual([B]);
  });
});
