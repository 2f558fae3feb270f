import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { NodeBody } from "../../app/modules/flow-node/bodies.ts";
import { type ServedFlowRegistry, servedFlowRegistry } from "./served-flow-registry.ts";
import { FLOWS, NODE, PATHS } from "./text-flows.ts";

interface Nodes {
  readonly nodes: readonly NodeBody[];
}
const RFC_3339 = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string;

let registry: ServedFlowRegistry;
let timesLeft = 0;
beforeAll(async () => {
  registry = await servedFlowRegistry({ onLeave: () => void timesLeft++ });
});
afterAll(() => registry.close());

const admit = (node: string) => registry.ask("POST", "/register", { node });
const connect = (node: string, flows: readonly unknown[] = FLOWS) => registry.ask("POST", "/connect", { node, flows });
const listed = async (query = ""): Promise<readonly NodeBody[]> =>
  (await registry.ask<Nodes>("GET", `/nodes${query}`)).body.nodes;
const one = async (node: string): Promise<NodeBody | undefined> => (await listed(`?node=${node}`))[0];

describe("the text's session", () => {
  const connection = { name: NODE, flows: PATHS, rejected: [], warnings: [] };

  it("lists nothing of a node that was not registered: 403", async () => {
    expect(await connect(NODE)).toMatchObject({ status: 403, body: { code: "NODE_NOT_ADMITTED" } });
    expect(await registry.ask("GET", "/nodes")).toEqual({ status: 200, body: { nodes: [] } });
    expect(await registry.ask("GET", "/register")).toEqual({ status: 200, body: { admins: { nodes: [] } } });
  });

  it("registers it, 201, and 200 when it comes again; the record is the text's", async () => {
    expect(await admit(NODE)).toEqual({ status: 201, body: { admins: { nodes: [NODE] } } });
    expect(await admit(NODE)).toEqual({ status: 200, body: { admins: { nodes: [NODE] } } });
    expect((await registry.ask("GET", "/register")).body).toEqual({ admins: { nodes: [NODE] } });
    expect((await registry.ask("GET", "/nodes")).body).toEqual({ nodes: [] });
  });

  it("connects it with the text's payload, and lists it with all of its flows under both paths", async () => {
    expect(await connect(NODE)).toEqual({ status: 200, body: connection });
    const expected = { nodes: [{ node: NODE, online: RFC_3339, heartbeat: RFC_3339, alive: true, flows: FLOWS }] };
    for (const path of ["/nodes", "/flows"]) expect((await registry.ask("GET", path)).body).toEqual(expected);
    const { online, heartbeat } = (await one(NODE))!;
    expect(heartbeat).toBe(online);
    expect(await connect(NODE)).toEqual({ status: 200, body: connection });
  });

  it("takes its beats, with whatever it tells", async () => {
    const before = (await one(NODE))!;
    const bare = await registry.ask("PUT", "/state", { node: NODE });
    expect(bare).toMatchObject({ status: 200, body: { node: NODE, alive: true, lease: { ttl_seconds: 300 } } });
    expect((await one(NODE))?.heartbeat).toBe(bare.body["heartbeat"]);
    expect(Date.parse(String(bare.body["heartbeat"]))).toBeGreaterThanOrEqual(Date.parse(before.heartbeat ?? ""));
    expect((await one(NODE))?.state).toBeUndefined();
    expect((await registry.ask("PUT", "/state", { node: NODE, usage: { cpu: 0.5 }, flows: 3 })).status).toBe(200);
    expect((await one(NODE))?.state).toEqual({ usage: { cpu: 0.5 }, flows: 3 });
    const large = { node: NODE, text: "x".repeat(16_384) };
    expect(await registry.ask("PUT", "/state", large)).toMatchObject({
      status: 400,
      body: { code: "STATE_TOO_LARGE" },
    });
  });

  it("disconnects it: it stays listed with online null, and has to connect again", async () => {
    const gone = await registry.ask("POST", "/disconnect", { node: NODE });
    expect(gone).toMatchObject({ status: 200, body: { node: NODE, online: null, heartbeat: RFC_3339, alive: false } });
    expect(await registry.ask("POST", "/disconnect", { node: NODE })).toEqual(gone);
    expect(await one(NODE)).toEqual(gone.body);
    expect(gone.body["flows"]).toEqual(FLOWS);
    expect(await registry.ask("PUT", "/state", { node: NODE })).toMatchObject({
      ...{ status: 409, body: { code: "NODE_DISCONNECTED" } },
    });
    expect((await connect(NODE)).status).toBe(200);
    expect((await one(NODE))?.online).toEqual(RFC_3339);
  });

  it("revokes it: it is not listed, and each of its calls is 403", async () => {
    const revoked = await registry.ask("DELETE", "/register", { node: NODE, reason: "it has moved" });
    expect(revoked).toMatchObject({
      status: 200,
      body: { node: NODE, revoked: { by: "anonymous", reason: "it has moved" } },
    });
    expect(await registry.ask("DELETE", `/register?node=${NODE}`)).toEqual(revoked);
    expect((await registry.ask("GET", "/register")).body).toEqual({ admins: { nodes: [] } });
    expect(await listed()).toEqual([]);
    const calls = [
      connect(NODE),
      ...(["/disconnect", "/state"] as const).map((path) =>
        registry.ask(path === "/state" ? "PUT" : "POST", path, { node: NODE }),
      ),
    ];
    for (const each of await Promise.all(calls))
      expect(each).toMatchObject({ status: 403, body: { code: "NODE_REVOKED" } });
    expect((await admit(NODE)).status).toBe(201);
    expect((await connect(NODE)).status).toBe(200);
  });

  it("answers 404 of a node that nobody knows", async () => {
    const unknown = { status: 404, body: { code: "NODE_NOT_FOUND" } };
    for (const [method, path] of [
      ["DELETE", "/register"],
      ["POST", "/disconnect"],
      ["PUT", "/state"],
    ] as const)
      expect(await registry.ask(method, path, { node: "nobody" })).toMatchObject(unknown);
    expect(await registry.ask("DELETE", "/register")).toMatchObject({ status: 400 });
  });
});

describe("a list of flows", () => {
  it("is taken flow by flow, and what is rejected is told by its place", async () => {
    await admit("picky");
    const { body } = await connect("picky", [FLOWS[0], { ...FLOWS[1], author: "" }, FLOWS[0], "x"]);
    expect(body).toMatchObject({
      flows: [PATHS[0]],
      rejected: [
        { index: 1, path: PATHS[1], reason: "author: empty" },
        { index: 2, path: PATHS[0], reason: "its path is that of flow 0, which counts" },
        { index: 3, path: null, reason: "no object" },
      ],
    });
    expect((await one("picky"))?.flows).toEqual([FLOWS[0]]);
    expect((await connect("picky", [])).body).toMatchObject({ flows: [], rejected: [] });
    expect(await registry.ask("POST", "/connect", { node: "picky" })).toMatchObject({
      ...{ status: 400, body: { errors: [{ pointer: "/flows" }] } },
    });
  });

  it("of two nodes with one path is two offers, and the second one is told", async () => {
    const shared = { ...FLOWS[0], path: "shared" };
    for (const node of ["one", "other", "third"]) await admit(node);
    expect((await connect("one", [shared])).body["warnings"]).toEqual([]);
    expect((await connect("other", [shared])).body["warnings"]).toEqual(["shared is offered by one too"]);
    expect((await connect("third", [shared, FLOWS[1]])).body["warnings"]).toContain(
      "shared is offered by one, other too",
    );
    expect((await listed("?path=shared")).map(({ node }) => node)).toEqual(["one", "other", "third"]);
    await registry.ask("DELETE", "/register", { node: "other" });
    expect((await connect("third", [shared])).body["warnings"]).toEqual(["shared is offered by one too"]);
  });

  it("is connected also where nobody can say who offers the same", async () => {
    await registry.sql("alter view rollcall_flow_node.nodes rename to away");
    const connection = await connect("one");
    await registry.sql("alter view rollcall_flow_node.away rename to nodes");
    expect(connection).toMatchObject({
      ...{ status: 200, body: { flows: PATHS, warnings: [expect.stringContaining("could not be looked up")] } },
    });
  });

  it("has at most 5000, and the call at most 256 KiB", async () => {
    expect(
      (
        await connect(
          "one",
          Array.from({ length: 5_001 }, () => 1),
        )
      ).status,
    ).toBe(400);
    expect((await connect("one", ["x".repeat(262_144)])).status).toBe(413);
    const flow = {
      path: "",
      name: "n",
      source: "s",
      description: "d",
      author: "a",
      organization: "o",
      published: "p",
      release: "1",
    };
    const thousand = Array.from({ length: 1_000 }, (_, nth) => ({ ...flow, path: `flows.of.a.node.${nth}` }));
    expect((await connect("one", thousand)).body["flows"]).toHaveLength(1_000);
  });
});

describe("beats", () => {
  it("leave no line in the journal and write no row", async () => {
    await admit("quiet");
    await connect("quiet");
    const written = async () => [
      await registry.sql("select count(*)::int as lines from rollcall.journal where entity_id = 'quiet'"),
      await registry.sql("select xmin::text as version from rollcall_flow_node.nodes_v1 where node = 'quiet'"),
    ];
    const before = await written();
    const first = await registry.ask("PUT", "/state", { node: "quiet" });
    for (let beat = 0; beat < 20; beat++) await registry.ask("PUT", "/state", { node: "quiet" });
    expect(await written()).toEqual(before);
    expect(String((await one("quiet"))?.heartbeat) > String(first.body["heartbeat"])).toBe(true);
  });
});

describe("the registry", () => {
  it("says how it is, and how many nodes it has", async () => {
    const { status, body } = await registry.ask<{ nodes: Record<string, number> }>("GET", "/state");
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { status: "healthy", service: "flow-registry", store: "reachable" },
    });
    expect(Object.keys(body.nodes)).toEqual(["admitted", "connected", "disconnected", "not_alive", "revoked"]);
    const metrics = await (await fetch(`${registry.url}/metrics`)).text();
    expect(metrics).toMatch(/^flow_registry_nodes\{status="connected"\} \d+$/m);
    expect(metrics).toMatch(/^flow_registry_asked_total\{result="forbidden"\} \d+$/m);
  });

  it("lists what is stale, and removes that and nothing else", async () => {
    for (const node of ["stale", "fresh"]) await admit(node);
    await registry.ask("DELETE", "/register", { node: "stale" });
    const { body } = await registry.ask<{ stale: { node: string; why: string }[] }>("GET", "/clean");
    expect(body.stale).toContainEqual({ node: "stale", since: RFC_3339, why: "revoked" });
    const cleaned = await registry.ask<{ removed: string[] }>("POST", "/clean");
    expect(cleaned).toEqual({ status: 200, body: { removed: body.stale.map(({ node }) => node) } });
    const requested = await registry.sql("select entity_id from rollcall.purge_request where domain = 'flow_node'");
    expect(requested.map(({ entity_id }) => entity_id).sort()).toEqual([...cleaned.body.removed].sort());
    const decisions = await registry.sql(
      "select subject, reason from rollcall.operator_decision where subject = 'stale'",
    );
    expect(decisions).toEqual([{ subject: "stale", reason: "POST /clean: stale" }]);
  });

  it("leaves when it is told to, once that is answered", async () => {
    expect(await registry.ask("POST", "/shutdown")).toEqual({ status: 202, body: { leaving: true } });
    await expect.poll(() => timesLeft).toBe(1);
  });
});

describe("tokens", () => {
  const token = (name: string): string => `token-of-${name}-0123456789abcdef`;
  const lines = ["operator olga", "reader rita", "node n1", "node n2"].map(
    (each) => `${each} ${token(each.split(" ")[1]!)}`,
  );
  let guarded: ServedFlowRegistry;
  beforeAll(async () => {
    guarded = await servedFlowRegistry({ environment: { ROLLCALL_API_TOKENS: lines.join(",") } });
  });
  afterAll(() => guarded.close());

  it("of a node speak for that node alone, and no node admits itself", async () => {
    const status = async (who: string, method: string, path: string, body?: object): Promise<number> =>
      (await guarded.ask(method, path, body, token(who))).status;
    for (const who of ["n1", "rita"]) {
      expect(await status(who, "POST", "/register", { node: "n1" })).toBe(403);
      for (const [method, path] of [
        ["GET", "/register"],
        ["POST", "/clean"],
        ["POST", "/shutdown"],
        ["DELETE", "/register?node=n1"],
      ] as const)
        expect([who, method, path, await status(who, method, path)]).toEqual([who, method, path, 403]);
    }
    expect((await guarded.ask("GET", "/nodes")).status).toBe(401);
    expect((await guarded.ask("GET", "/state")).status).toBe(200);
    for (const node of ["n1", "n2"]) expect(await status("olga", "POST", "/register", { node })).toBe(201);
    const of = (node: string) => ({ node, flows: FLOWS });
    expect(await status("n2", "POST", "/connect", of("n1"))).toBe(403);
    for (const node of ["n1", "n2"]) expect(await status(node, "POST", "/connect", of(node))).toBe(200);
    expect(await status("n2", "PUT", "/state", { node: "n1" })).toBe(403);
    expect(await status("n2", "POST", "/disconnect", { node: "n1" })).toBe(403);
    expect(await status("rita", "PUT", "/state", { node: "n1" })).toBe(403);
    const { body } = await guarded.ask<Nodes>("GET", "/flows", undefined, token("n1"));
    expect(body.nodes.map(({ node }) => node)).toEqual(["n1", "n2"]);
  });
});
