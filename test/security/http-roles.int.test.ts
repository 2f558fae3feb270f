import { fastify, type FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ApiTokens } from "../../app/host/api-tokens.ts";
import { addAuthentication } from "../../app/http/server/access.ts";
import { HttpBench } from "../app/registration/http-bench.ts";
import { GuardedSystem, ROLLCALL_API_TOKENS, TOKENS, as, bearer, type Holder } from "./guarded-system.ts";
import { tableOf } from "./guide.ts";

let system: GuardedSystem<HttpBench>;
let server: FastifyInstance;
let url: string;
beforeAll(async () => {
  system = new GuardedSystem(await HttpBench.open());
  ({ url, server } = await system.served({ ROLLCALL_API_TOKENS }));
});
afterAll(() => system.close());

interface Said {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The answer, or only its head for a stream. */
async function ask(path: string, init: RequestInit = {}): Promise<Said> {
  const abort = new AbortController();
  const response = await fetch(url + path, { ...init, signal: abort.signal });
  const { status, headers } = response;
  const isStream = headers.get("content-type")?.startsWith("text/event-stream") ?? false;
  const text = isStream ? "" : await response.text();
  abort.abort();
  return { status, headers, body: text.startsWith("{") ? (JSON.parse(text) as Said["body"]) : { text } };
}

const event = (payload_type: string, payload: object, headers: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json", ...headers },
  body: JSON.stringify({ payload_type, payload }),
});
const introspection = (node_id: string) => ["NodeIntrospectionEvent", { node_id, node_type: "effect" }] as const;

/** A concrete URL for a path of the table, for one node. */
function request(route: string, nodeId: string, headers: Record<string, string>): Promise<Said> {
  const [method = "", path = ""] = route.split(" ");
  const id = "0198c0de-0000-7000-8000-000000000000";
  const asked = path
    .replace("/domains/:domain", "/domains/registration")
    .replace(":node_id", nodeId)
    .replace(":id", id)
    .replace(":name", "onex-effect");
  return ask(
    asked,
    method === "POST" && path.endsWith("/events") ? event(...introspection(nodeId), headers) : { method, headers },
  );
}

const ROUTE_LINE = /^((?:│ {3}| {4})*)[├└]── (\S+) \(([^)]*)\)$/;

/** `GET /a/b` for each line of fastify's tree of routes. */
function routesOf(tree: string): readonly string[] {
  const paths: string[] = [];
  return tree.split("\n").flatMap((line) => {
    const [, indent = "", path = "", methods = ""] = ROUTE_LINE.exec(line) ?? [];
    const depth = indent.length / 4;
    paths.splice(depth, paths.length, path);
    const asked = methods.split(", ").filter((method) => method !== "HEAD" && method !== "");
    return asked.map((method) => `${method} ${paths.join("")}`);
  });
}

const table = tableOf("Routes");
/** Documents for a browser. */
const DOCUMENTS = ["/docs", "/docs/api", "/docs/style.css", "/schemas", "/openapi.json", "/asyncapi.json"];
const ofDomain = "/api/v1/domains/:domain";
const password = (token: string) => ({ authorization: `Basic ${Buffer.from(`anyone:${token}`).toString("base64")}` });
const isRefused = ({ status }: Said): boolean => status === 401 || status === 403;

describe("the routes of the guide", () => {
  it("are all routes of the server", async () => {
    await server.ready();
    expect(table.map(([route]) => route).toSorted()).toEqual(
      routesOf(server.printRoutes({ commonPrefix: false }))
        .map((route) => route.replace("/domains/registration", "/domains/:domain"))
        .toSorted(),
    );
  });

  it("must each have config.access", () => {
    const http = fastify();
    addAuthentication(http, undefined);
    expect(() => http.get("/secret", () => "")).toThrow(/GET \/secret has no config.access/);
  });

  it.each(table)("%s: without a token %s, reader %s, node %s, operator %s", async (route, ...cells) => {
    const holders = [undefined, "reader", "node", "operator"] as const;
    for (const [index, holder] of holders.entries()) {
      const cell = cells[index] ?? "";
      const headers = holder === undefined ? {} : as(holder);
      const own = await request(route as string, "own-1", headers);
      expect([holder, isRefused(own)]).toEqual([holder, cell === "no"]);
      if (cell === "no") {
        expect(own).toMatchObject({
          status: holder === undefined ? 401 : 403,
          body: { type: `urn:rollcall:problem:${holder === undefined ? "unauthenticated" : "forbidden"}` },
        });
        expect(own.headers.get("www-authenticate")).toMatch(/^Bearer realm="rollcall"/);
        expect(own.headers.get("content-type")).toBe("application/problem+json");
      }
      if (cell === "its own" && /node_id|events$/.test(route as string))
        for (const other of ["own-10", "own-", "edge-1"])
          expect(await request(route as string, other, headers)).toMatchObject({ status: 403 });
    }
  });

  it("accept a token only in the header", async () => {
    const token = TOKENS.operator;
    const ways: [string, Record<string, string>][] = [
      [`/metrics?token=${token}&access_token=${token}`, {}],
      ["/metrics", { cookie: `token=${token}; authorization=Bearer ${token}` }],
      ["/metrics", { "x-rollcall-token": token }],
      ["/metrics", { authorization: token }],
      ["/metrics", { authorization: `Basic ${Buffer.from(`alice:${token}`).toString("base64")}` }],
      ["/metrics", bearer(`${token}x`)],
      ["/metrics", bearer(token.slice(0, -1))],
      ["/metrics", bearer("")],
    ];
    for (const [path, headers] of ways) expect((await ask(path, { headers })).status).toBe(401);
    expect((await ask("/metrics", { headers: { authorization: `bearer  ${token}` } })).status).toBe(200);
    const { headers } = await ask("/metrics", { headers: bearer("wrong") });
    expect(headers.get("www-authenticate")).toContain('error="invalid_token"');
  });

  it("show reasons of readiness only to callers with a token", async () => {
    const { bench } = system;
    const status = {
      ...bench.system.runtime.status(),
      bus: { ok: false, reason: "broker kafka-1.internal:9092", forMs: 0 },
    };
    const broken = {
      ...bench.system.runtime,
      failure: null,
      refusedChange: null,
      status: () => status,
    } as typeof bench.system.runtime;
    const { createHttpServer } = await import("../../app/http/server/http-server.ts");
    const sick = createHttpServer(
      bench.changedHost({ runtime: broken }, { ...bench.system.config, ROLLCALL_API_TOKENS: new ApiTokens([]) }),
    );
    const stranger = await sick.inject("/health/ready");
    expect([stranger.statusCode, stranger.body.includes("kafka-1")]).toEqual([503, false]);
    const free = createHttpServer(bench.changedHost({ runtime: broken }));
    expect((await free.inject("/health/ready")).body).toContain("kafka-1.internal");
    await Promise.all([sick.close(), free.close()]);
  });
});

describe("a browser's password", () => {
  it.each(DOCUMENTS)("that is a token opens %s", async (path) => {
    expect((await ask(path, { headers: password(TOKENS.reader) })).status).toBe(200);
    for (const wrong of ["", "guess", `${TOKENS.reader}:`])
      expect((await ask(path, { headers: password(wrong) })).status).toBe(401);
  });

  it("is requested when a page is opened", async () => {
    const { headers } = await ask("/docs", { headers: { accept: "text/html,*/*" } });
    expect(headers.get("www-authenticate")).toMatch(/^Basic realm=/);
    const { headers: ofApi } = await ask("/api/v1/overview", { headers: { accept: "text/html,*/*" } });
    expect(ofApi.get("www-authenticate")).toMatch(/^Bearer realm=/);
  });

  const browsable = new Set(
    [...DOCUMENTS, "/schemas/messages/:file"].flatMap((path) => [`GET ${path}`, `GET ${ofDomain}${path}`]),
  );
  const others = table.filter(([route = "", stranger]) => stranger === "no" && !browsable.has(route));
  it.each(others)("does not open %s", async (route) => {
    expect((await request(route as string, "own-1", password(TOKENS.operator))).status).toBe(401);
  });
});

describe("a node's token", () => {
  const publish = (holder: Holder, type: string, payload: object) =>
    ask("/api/v1/events", event(type, payload, as(holder)));
  const known = async (nodeId: string) =>
    (await ask(`/api/v1/registrations/${nodeId}`, { headers: as("operator") })).status;

  it("may publish messages of its node, and of no other", async () => {
    for (const type of ["NodeIntrospectionEvent", "NodeRegistrationAcked", "NodeHeartbeatEvent", "NodeDeregister"]) {
      const payload = (node_id: string) => ({ node_id, node_type: "effect" });
      expect((await publish("node", type, payload("own-1"))).status).toBe(202);
      for (const other of ["victim", "own-11", "own-", "OWN-1"])
        expect(await publish("node", type, payload(other))).toMatchObject({
          status: 403,
          body: { type: "urn:rollcall:problem:forbidden", detail: `node own-1 may not act for ${other}` },
        });
    }
    expect(await known("victim")).toBe(404);
  });

  it("may be for all nodes with a prefix", async () => {
    expect((await publish("prefix", ...introspection("edge-7"))).status).toBe(202);
    expect((await publish("prefix", ...introspection("edg"))).status).toBe(403);
    expect((await publish("prefix", ...introspection("own-1"))).status).toBe(403);
  });

  it("is not fooled by another id in the envelope or in the headers", async () => {
    const body = {
      payload_type: "NodeDeregister",
      entity_id: "own-1",
      node_id: "own-1",
      payload: { node_id: "victim" },
    };
    const headers = { "content-type": "application/json", "x-node-id": "own-1", ...as("node") };
    const said = await ask("/api/v1/events", { method: "POST", headers, body: JSON.stringify(body) });
    expect(said.status).toBe(403);
  });

  it("can't publish an event of the orchestrator, nor can an operator's", async () => {
    const { domain } = system.bench.system;
    const consumed = new Set(domain.consumed.map(({ type }) => type));
    const internal = [...domain.topicByEventType.keys()].filter((type) => !consumed.has(type));
    expect(internal).toContain("NodeBecameActive");
    for (const type of internal)
      for (const holder of ["node", "operator"] as const)
        expect(await publish(holder, type, { node_id: "own-1" })).toMatchObject({
          status: 400,
          body: { code: "UNKNOWN_TYPE" },
        });
  });

  it("gets the events of its own nodes only, live and from an earlier id on", async () => {
    const { bench } = system;
    const read = async (holder: Holder, lastId?: string) => {
      const abort = new AbortController();
      const headers = { ...as(holder), ...(lastId !== undefined && { "last-event-id": lastId }) };
      const response = await fetch(`${url}/api/v1/events/stream`, { headers, signal: abort.signal });
      let text = "";
      const reading = (async () => {
        for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) text += part;
      })().catch(() => {});
      return {
        text: () => text,
        async until(wanted: string) {
          await expect.poll(() => text, { timeout: 15_000 }).toContain(wanted);
          abort.abort();
          await reading;
          return text;
        },
      };
    };
    const all = await read("reader");
    const own = await read("prefix");
    const first = /^id: (.*)$/m;
    await expect.poll(() => first.test(own.text())).toBe(true);
    const from = first.exec(own.text())?.[1] as string;
    await bench.activeNode("foreign-1");
    await bench.activeNode("edge-9");
    expect(await all.until("edge-9")).toContain("foreign-1");
    expect(await own.until("edge-9")).not.toContain("foreign-1");
    const resumed = await read("prefix", from);
    expect(await resumed.until("edge-9")).not.toContain("foreign-1");
  });
});
