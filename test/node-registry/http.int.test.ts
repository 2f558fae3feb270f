import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NodeRegistryClient } from "../../client/node-registry-client.ts";
import { FollowedStream } from "../gateway/followed-stream.ts";
import { type ServedRegistry, servedRegistry } from "./served-registry.ts";

let registry: ServedRegistry;
beforeAll(async () => {
  registry = await servedRegistry();
});
afterAll(() => registry.close());

const register = (more: object = {}) =>
  registry.ask("POST", "/api/v1/nodes/register", { hostname: "gpu-1", role: "inference-node", ...more });
const beat = (node_id: string, more: object = {}) =>
  registry.ask("POST", "/api/v1/nodes/heartbeat", { node_id, ...more });
const listed = async (query: string): Promise<readonly unknown[]> =>
  (await registry.ask("GET", `/api/v1/nodes?${query}`)).body.map(({ node_id }) => node_id);

describe("a registration", () => {
  it("is answered with the whole node, however often it comes", async () => {
    const first = await register({ hostname: "again", labels: ["a"], zone: "x" });
    expect(first).toMatchObject({
      status: 200,
      body: {
        ...{ hostname: "again", ip: null, role: "inference-node", labels: ["a"], status: "online" },
        ...{ last_heartbeat: null, metadata: { zone: "x" }, lease: { ttl_seconds: 90 } },
      },
    });
    const second = await register({ hostname: "again", labels: ["a"], zone: "x" });
    expect(second.status).toBe(200);
    for (const field of ["node_id", "created_at", "updated_at"]) expect(second.body[field]).toBe(first.body[field]);
    const third = await register({ hostname: "again", labels: ["b"] });
    expect(third.body["created_at"]).toBe(first.body["created_at"]);
    expect(third.body["updated_at"]).not.toBe(first.body["updated_at"]);
  });

  it("under an id that another host has is 409, and names both", async () => {
    await register({ node_id: "held", hostname: "gpu-1" });
    expect(await register({ node_id: "held", hostname: "gpu-2" })).toMatchObject({
      status: 409,
      body: { code: "NODE_ID_TAKEN", details: { held_by: "gpu-1", asked_by: "gpu-2" } },
    });
  });

  it("that is wrong is 400, with pointers into what was sent", async () => {
    const { status, body } = await registry.ask("POST", "/api/v1/nodes/register", { node_name: 7, node_role: "" });
    expect(status).toBe(400);
    expect((body["errors"] as { pointer: string }[]).map(({ pointer }) => pointer)).toEqual([
      "/node_name",
      "/node_role",
    ]);
  });
});

describe("a beat", () => {
  it("is answered with the status and the lease", async () => {
    await register({ node_id: "beating" });
    const { status, body } = await beat("beating", { metrics: { cpu_percent: 3 } });
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(["node_id", "status", "last_heartbeat", "lease"]);
    expect(body).toMatchObject({ status: "online", lease: { ttl_seconds: 90 } });
    expect((await registry.ask("GET", "/api/v1/nodes/beating")).body["last_heartbeat"]).toBe(body["last_heartbeat"]);
  });

  it("of nobody is 404, in the words of the contract, as nobody's page is", async () => {
    const nobody = { code: "NODE_NOT_FOUND", detail: "no node has this id: register it" };
    expect(await beat("nobody")).toMatchObject({ status: 404, body: nobody });
    expect(await registry.ask("GET", "/api/v1/nodes/nobody")).toMatchObject({ status: 404, body: nobody });
  });

  it("with maintenance keeps the node listed, and not as online", async () => {
    await register({ node_id: "resting", role: "resting" });
    expect((await beat("resting", { status: "maintenance" })).body["status"]).toBe("maintenance");
    expect(await listed("role=resting")).toEqual(["resting"]);
    expect(await listed("role=resting&status=online")).toEqual([]);
    await beat("resting");
    expect(await listed("role=resting&status=online")).toEqual(["resting"]);
  });
});

describe("a list", () => {
  it("is a bare array of all that fit; of several labels all", async () => {
    for (const [node_id, labels] of Object.entries({ l1: ["a"], l2: ["a", "b"], l3: ["b"] }))
      await register({ node_id, hostname: node_id, role: "listed", labels });
    expect(await listed("role=listed")).toEqual(["l1", "l2", "l3"]);
    expect(await listed("role=listed&label=a&label=b")).toEqual(["l2"]);
    expect(await listed("role=listed&status=odd")).toEqual([]);
    expect((await registry.ask("GET", "/api/v1/nodes?role=listed&limit=1&offset=1")).body).toMatchObject({
      nodes: [{ node_id: "l2" }],
      total: 3,
    });
    expect((await registry.ask("GET", "/api/v1/nodes?rol=listed")).status).toBe(400);
  });
});

describe("a node of a list", () => {
  it("is as it is alone, before its first beat, after it, silent and taken out", async () => {
    const both = async () => [
      (await registry.ask("GET", "/api/v1/nodes?role=same")).body[0],
      (await registry.ask("GET", "/api/v1/nodes/same")).body,
    ];
    const steps = [
      () => register({ node_id: "same", hostname: "same", role: "same", labels: ["a"], zone: "x" }),
      () => beat("same", { status: "draining" }),
      () => registry.ask("PUT", "/api/v1/nodes/same/out-of-service", { mode: "maintenance", reason: "new disks" }),
      () => beat("same", { status: "offline" }),
      () => registry.ask("DELETE", "/api/v1/nodes/same"),
    ];
    for (const step of steps) {
      await step();
      const [listedNode, alone] = await both();
      expect(listedNode).toEqual(alone);
    }
  });

  it("comes with all others in an envelope, when it is asked for", async () => {
    const { body } = await registry.ask("GET", "/api/v1/nodes?role=listed&envelope=true");
    expect([body["total"], (body["nodes"] as unknown[]).length]).toEqual([3, 3]);
    expect((await registry.ask("GET", "/api/v1/nodes?role=listed&limit=2&envelope=false")).body).toHaveLength(2);
    for (const query of ["limit=0", "limit=1001", "offset=-1", "envelope=yes", "role=a&role=b"])
      expect((await registry.ask("GET", `/api/v1/nodes?${query}`)).status).toBe(400);
  });
});

describe("an operator", () => {
  it("takes a node out, and it stays out until an operator ends it", async () => {
    await register({ node_id: "broken" });
    const out = "/api/v1/nodes/broken/out-of-service";
    const taken = await registry.ask("PUT", out, { mode: "maintenance", reason: "new disks" });
    expect(taken).toMatchObject({ status: 200, body: { status: "maintenance", taken_out: { reason: "new disks" } } });
    await register({ node_id: "broken" });
    await beat("broken");
    const client = new NodeRegistryClient(registry.url);
    expect(await client.getAvailableNodes({ role: "inference-node" })).not.toContainEqual(
      expect.objectContaining({ node_id: "broken" }),
    );
    expect(await client.getNode("broken")).toMatchObject({ status: "maintenance", taken_out: { by: "anonymous" } });
    expect((await registry.ask("DELETE", out)).body["status"]).toBe("online");
  });

  it("revokes a node, which then neither beats nor registers until it is readmitted", async () => {
    await register({ node_id: "bad" });
    expect((await registry.ask("DELETE", "/api/v1/nodes/bad")).body["status"]).toBe("revoked");
    expect(await beat("bad")).toMatchObject({ status: 403, body: { code: "NODE_REVOKED" } });
    expect(await register({ node_id: "bad" })).toMatchObject({ status: 403, body: { code: "NODE_REVOKED" } });
    expect((await registry.ask("POST", "/api/v1/nodes/bad/readmission")).body["status"]).toBe("offline");
    expect((await register({ node_id: "bad" })).body["status"]).toBe("online");
  });
});

describe("what is told of the registry", () => {
  it("is its health, its figures and what there is", async () => {
    expect((await registry.ask("GET", "/health")).body).toMatchObject({
      ...{ status: "healthy", service: "node-registry" },
      database: { connected: true, host: "embedded", port: 0 },
    });
    const { body } = await registry.ask("GET", "/metrics");
    expect(Object.keys(body)).toEqual(["service", "uptime_seconds", "total_nodes", "active_nodes", "timestamp"]);
    const text = await fetch(`${registry.url}/metrics`, { headers: { accept: "text/plain" } });
    const metrics = await text.text();
    expect(metrics).toMatch(/^node_registry_nodes\{state="ONLINE"\} \d+$/m);
    expect(metrics).toMatch(/^node_registry_role_nodes\{role="[^"]+",status="online"\} \d+$/m);
    expect((await registry.ask("GET", "/")).body).toMatchObject({ service: "node-registry", status: "running" });
  });

  it("is a role's profile", async () => {
    expect((await registry.ask("GET", "/api/v1/profiles/none")).status).toBe(404);
    await registry.ask("PUT", "/api/v1/profiles/inference-node", { config: { models: ["a"] } });
    const { body } = await registry.ask("GET", "/api/v1/profiles/inference-node");
    expect(body).toMatchObject({ role: "inference-node", config: { models: ["a"] } });
  });
});

describe("who watches", () => {
  it("a role hears of all that becomes of its nodes, of one that leaves it, and of its profile", async () => {
    const watch = (query: string) =>
      FollowedStream.open((signal) => fetch(`${registry.url}/api/v1/watch?${query}`, { signal }));
    const [watched, other, one] = [await watch("role=watched"), await watch("role=other"), await watch("node_id=w-1")];
    const node = { node_id: "w-1", hostname: "w-1", role: "watched" };
    await register(node);
    await register({ node_id: "w-2", hostname: "w-2", role: "other" });
    await beat("w-1", { status: "maintenance" });
    await beat("w-1", { status: "offline" });
    await beat("w-1");
    await registry.ask("PUT", "/api/v1/nodes/w-1/out-of-service", { mode: "draining" });
    await beat("w-1", { status: "offline" });
    await registry.ask("DELETE", "/api/v1/nodes/w-1/out-of-service");
    await registry.ask("DELETE", "/api/v1/nodes/w-1");
    await registry.ask("POST", "/api/v1/nodes/w-1/readmission");
    await register(node);
    await register({ ...node, labels: ["l"] });
    await register({ ...node, role: "other" });
    await registry.ask("PUT", "/api/v1/profiles/watched", { config: { models: ["a"] } });
    const all = [
      ...["NodeRegistered", "NodeSaid", "NodeWentOffline", "NodeCameOnline", "NodeTakenOut", "NodeFellSilent"],
      ...["NodeReturned", "NodeRevoked", "NodeReadmitted", "NodeRegistered", "NodeUpdated", "NodeUpdated"],
    ];
    await expect.poll(() => watched.types.filter((type) => type !== "ProfileChanged")).toEqual(all);
    await expect.poll(() => watched.types).toContain("ProfileChanged");
    expect(one.types).toEqual(all);
    await expect.poll(() => other.entityIds.toSorted()).toEqual(["w-1", "w-2"]);
    for (const stream of [watched, other, one]) stream.close();
  });
});

describe("in SQL", () => {
  it("there are the nodes, the profiles and what beats told", async () => {
    await register({ node_id: "told", hostname: "told", role: "told", labels: ["a"], zone: "x" });
    await beat("told", { metrics: { cpu_percent: 3 } });
    await registry.ask("PUT", "/api/v1/profiles/told", { config: { models: ["a"] } });
    const [node] = await registry.sql("SELECT * FROM rollcall_node_registry.nodes WHERE node_id = 'told'");
    expect(node).toMatchObject({ hostname: "told", labels: ["a"], status: "online", metadata: { zone: "x" } });
    expect(node?.["last_heartbeat"]).not.toBeNull();
    expect(String(node?.["id"])).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5/);
    const beats = await registry.sql("SELECT * FROM rollcall_node_registry.heartbeat_log WHERE node_id = 'told'");
    expect(beats).toMatchObject([{ status: "online", metrics: { cpu_percent: 3 } }]);
    const [profile] = await registry.sql("SELECT * FROM rollcall_node_profile.node_profiles WHERE role = 'told'");
    expect(profile).toMatchObject({ config: { models: ["a"] } });
  });
});

describe("with tokens", () => {
  const NODE_TOKEN = "node-token-0123456789abcdef";
  it("a node speaks for itself alone, and is no operator", async () => {
    const guarded = await servedRegistry({ ROLLCALL_API_TOKENS: `node mine ${NODE_TOKEN}` });
    const as = { authorization: `Bearer ${NODE_TOKEN}` };
    const own = { node_id: "mine", hostname: "h", role: "r" };
    const statuses = [
      await guarded.ask("POST", "/api/v1/nodes/register", own, as),
      await guarded.ask("POST", "/api/v1/nodes/heartbeat", { node_id: "mine" }, as),
      await guarded.ask("POST", "/api/v1/nodes/register", { ...own, node_id: "other" }, as),
      await guarded.ask("POST", "/api/v1/nodes/heartbeat", { node_id: "other" }, as),
      await guarded.ask("DELETE", "/api/v1/nodes/mine", undefined, as),
      await guarded.ask("GET", "/api/v1/nodes"),
    ].map(({ status }) => status);
    await guarded.close();
    expect(statuses).toEqual([200, 200, 403, 403, 403, 401]);
  });

  it("a node reads what it is to go by, and who is there, and hears of changes", async () => {
    const operator = "operator-token-0123456789abcdef";
    const tokens = `node mine ${NODE_TOKEN},operator olga ${operator}`;
    const guarded = await servedRegistry({ ROLLCALL_API_TOKENS: tokens });
    const as = (token: string) => ({ authorization: `Bearer ${token}` });
    const watched = await FollowedStream.open((signal) =>
      fetch(`${guarded.url}/api/v1/watch?role=r`, { signal, headers: as(NODE_TOKEN) }),
    );
    await guarded.ask("PUT", "/api/v1/profiles/r", { config: { models: ["a"] } }, as(operator));
    const other = { node_id: "other", hostname: "h", role: "r" };
    await guarded.ask("POST", "/api/v1/nodes/register", other, as(operator));
    const read = (path: string) => guarded.ask("GET", path, undefined, as(NODE_TOKEN));
    expect(await read("/api/v1/profiles/r")).toMatchObject({ status: 200, body: { config: { models: ["a"] } } });
    expect(await read("/api/v1/nodes/other")).toMatchObject({ status: 200, body: { hostname: "h" } });
    await expect.poll(() => watched.types.toSorted()).toEqual(["NodeRegistered", "ProfileChanged"]);
    watched.close();
    await guarded.close();
  });
});
