import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { readConfig } from "../../app/host/config.ts";
import type { Module } from "../../app/host/module.ts";
import { createHttpServer } from "../../app/http/server/http-server.ts";
import type { Decision } from "../../runtime/core/decision.ts";
import { partitionOf } from "../../runtime/core/murmur2.ts";
import { toyModule } from "../host/toy-module.ts";
import { failing } from "./failing-effect.ts";
import { HttpBench, lasting } from "./registration/http-bench.ts";

interface Items<Item> {
  readonly items: readonly Item[];
  readonly next_cursor: string | null;
  readonly total?: number;
}

let folder: string;
let bench: HttpBench;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "rollcall-domains-"));
  bench = await HttpBench.open(lasting, { modules: [toyModule("books", folder), tools()] });
});
afterAll(async () => {
  await bench.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A module with routes and a measure of its own. */
function tools(): Module {
  const { domains, ...module } = toyModule("tools", folder);
  const measures = [
    { name: "sale", help: "Of an order.", durationMs: ({ events }: Decision) => events.length || undefined },
  ];
  return {
    ...module,
    domains: domains.map((domain) => ({ ...domain, measures })),
    routes: (http: FastifyInstance) =>
      void http.get("/api/v1/tools/hello", { config: { access: ["reader"] } }, async () => ({ hello: "tools" })),
  };
}

const path = (domain: string, rest: string): string => `/api/v1/domains/${domain}${rest}`;
const get = async <Body = Record<string, unknown>>(domain: string, rest: string): Promise<Body> =>
  (await bench.ask<Body>(path(domain, rest))).body;
const send = (domain: string, rest: string, body: object, method = "POST") =>
  bench.ask(path(domain, rest), {
    method,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
const place = (domain: string, order_id: string, amount = 5) =>
  send(domain, "/events", { payload_type: "PlaceOrder", payload: { order_id, amount } });
const told = (domain: string, id: string): Promise<boolean> =>
  vi.waitUntil(async () => (await get(domain, `/entities/${id}`))["state"] === "TOLD", { timeout: 15_000 });

describe("the list of domains", () => {
  it("has each with its module, contracts and entities by state", async () => {
    await place("books", "listed");
    await told("books", "listed");
    const domains = async () => (await bench.ask<Items<Record<string, unknown>>>("/api/v1/domains")).body.items;
    await expect.poll(async () => (await domains())[1]?.["states"]).toMatchObject({ TOLD: 1, UNPAID: 0 });
    expect((await domains())[2]?.["states"]).toMatchObject({ TOLD: 0 });
    const { host } = bench;
    expect(await domains()).toMatchObject(
      host.systems.map(({ name, module, domain }) => ({
        ...{ name, module: module.name, contract_hash: domain.contractHash, failure: null },
        entity_id_field: domain.entityIdField,
      })),
    );
  });

  it("is what an unknown domain is answered with", async () => {
    for (const rest of ["", "/entities", "/events"])
      expect(await bench.ask(path("bikes", rest))).toMatchObject({
        status: 404,
        body: { detail: "the domain bikes is not served here: registration, books, tools are" },
      });
    expect(await bench.ask(path("books", "/nothing"))).toMatchObject({
      status: 404,
      body: { detail: "no route for GET here: see /openapi.json" },
    });
  });

  it("is told only to callers with a token, where tokens are configured", async () => {
    const token = "reader-0123456789abcdef0123456789abcdef";
    const config = readConfig({ ROLLCALL_API_TOKENS: `reader ann ${token}` });
    const server = createHttpServer({ ...bench.host, config });
    const asked = { method: "GET", url: path("bikes", "/entities") } as const;
    try {
      expect((await server.inject(asked)).json()).toMatchObject({ detail: "the domain bikes is not served here" });
      const authorization = `Bearer ${token}`;
      expect((await server.inject({ ...asked, headers: { authorization } })).json()).toMatchObject({
        detail: "the domain bikes is not served here: registration, books, tools are",
      });
    } finally {
      await server.close();
    }
  });
});

describe("the check of edited contracts of a module that came from no file", () => {
  it("is made all the same, with a plan", async () => {
    await place("books", "checked");
    await told("books", "checked");
    expect(await send("books", "/contracts/check", { files: {}, plan_hours: 1 })).toMatchObject({
      status: 200,
      body: {
        diagnostics: [],
        graph: { domain: "books" },
        model: { violations: [], states: expect.any(Number) },
        plan: { otherwise: 0 },
      },
    });
  });

  it("names the line of a mistake", async () => {
    const [file = ""] = readdirSync(join(folder, "books"));
    const text = readFileSync(join(folder, "books", file), "utf8").replace(/^name:/m, "nam:");
    const { body } = await send("books", "/contracts/check", { files: { [file]: text } });
    expect(body).toMatchObject({
      diagnostics: expect.arrayContaining([
        expect.objectContaining({ file, line: expect.any(Number), severity: "error" }),
      ]),
      model: null,
    });
  });
});

describe("two domains with the same ids and the same names of messages", () => {
  beforeAll(async () => {
    await place("books", "same", 5);
    await place("tools", "same", 7);
    await Promise.all([told("books", "same"), told("tools", "same")]);
  });

  it("have entities of their own", async () => {
    for (const [domain, amount] of [["books", 5] as const, ["tools", 7] as const])
      expect(await get(domain, "/entities/same")).toMatchObject({
        ...{ id: "same", state: "TOLD", reducer_state: "settled", attempt: 1, seq: 2, data: { amount } },
        ...{ state_since: expect.any(String), updated_at: expect.any(String), deadlines: { pickup: {} } },
      });
    expect(await bench.ask(path("registration", "/entities/same"))).toMatchObject({
      status: 404,
      body: { detail: "no entity same is known" },
    });
    expect(await bench.ask("/api/v1/registrations/same")).toMatchObject({ status: 404 });
  });

  it("have timelines and explanations of their own", async () => {
    for (const [domain, amount] of [["books", 5] as const, ["tools", 7] as const]) {
      const { items } = await get<Items<Record<string, unknown>>>(domain, "/entities/same/timeline");
      expect(items[0]).toMatchObject({ type: "PlaceOrder", payload: { amount }, topic: `dev.${domain}.place-order` });
      expect(items.map(({ attempt_id }) => attempt_id)).not.toContain(undefined);
      const explanation = await get(domain, "/entities/same/explanation");
      expect(explanation["text"]).toContain("same is TOLD since");
      expect(explanation["deadlines"]).toMatchObject([{ name: "pickup", leads_to: ["ENDED"] }]);
    }
  });

  it("have journals of their own", async () => {
    type Journal = Items<{ readonly line: string; readonly entity_id?: string | null; readonly domain?: string }>;
    const ids = async (domain: string) => {
      const found = new Set<string | null | undefined>();
      let { items, next_cursor } = await get<Journal>(domain, "/journal");
      expect(items[0]).toMatchObject({ line: "journal", domain });
      for (;;) {
        for (const { line, entity_id } of items) if (line === "row" || line === "entity") found.add(entity_id);
        if (next_cursor === null) return found;
        ({ items, next_cursor } = await get<Journal>(domain, `/journal?cursor=${next_cursor}`));
      }
    };
    expect(await ids("books")).toContain("listed");
    expect([...(await ids("tools"))]).toEqual(["same"]);
    expect([...(await ids("registration"))]).toEqual([]);
  });

  it("have streams of their own, with the ids of one entity", async () => {
    const abort = new AbortController();
    const response = await fetch(
      new URL(path("tools", "/events/stream?entity_id=streamed&type=OrderPaid"), bench.url),
      {
        signal: abort.signal,
      },
    );
    let text = "";
    const reading = (async () => {
      for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) text += part;
    })().catch(() => {});
    await place("books", "streamed");
    await place("tools", "other");
    await place("tools", "streamed");
    await expect.poll(() => text, { timeout: 15_000 }).toContain("event: OrderPaid");
    abort.abort();
    await reading;
    expect(text).not.toMatch(/"order_id":"other"|event: OrderPlaced/);
    expect(text).toContain('"entity_id":"streamed"');
    expect((await bench.ask(path("tools", "/events/stream?type=NodeBecameActive"))).status).toBe(400);
  });

  it("refuse a message of another domain", async () => {
    const body = { payload_type: "NodeDeregister", payload: { node_id: "n" } };
    expect(await send("books", "/events", body)).toMatchObject({ status: 400, body: { code: "UNKNOWN_TYPE" } });
    const order = { payload_type: "PlaceOrder", payload: { order_id: "o", amount: 1 } };
    expect(await bench.post(JSON.stringify(order))).toMatchObject({ status: 400, body: { code: "UNKNOWN_TYPE" } });
  });

  it("have overviews of their own", async () => {
    const states = async (domain: string) =>
      (await get<{ states: { name: string; entities: number }[] }>(domain, "/overview")).states;
    await expect.poll(async () => (await states("tools")).find(({ name }) => name === "TOLD")?.entities).toBeTruthy();
    expect((await states("registration")).map(({ entities }) => entities)).toEqual(Array(8).fill(0));
    const { rates } = await get<{ rates: { messages: object; events: object } }>("books", "/overview");
    expect(Object.keys(rates.messages)).toEqual(["PlaceOrder", "CancelOrder", "CustomerSeen"]);
    expect(Object.keys(rates.events)).toEqual(["OrderPlaced", "OrderPaid", "OrderEnded"]);
  });

  it("have documents of their own", async () => {
    const channels = async (each: string) => Object.keys((await bench.ask<{ channels: object }>(each)).body.channels);
    expect(await channels("/asyncapi.json")).toContain("NodeIntrospectionEvent");
    expect(await channels(path("books", "/asyncapi.json"))).toContain("PlaceOrder");
    const { schemas } = await get<{ schemas: { type: string; schema: string }[] }>("books", "/schemas");
    const { schema = "" } = schemas.find(({ type }) => type === "PlaceOrder") ?? {};
    expect((await bench.ask(schema)).body).toMatchObject({ title: "PlaceOrder" });
    const page = await bench.ask<string>(path("books", "/docs"), { headers: { accept: "text/html" } });
    expect(page.body).toContain(path("books", "/events"));
    const { paths } = (await bench.ask<{ paths: Record<string, { post: { tags: string[] } }> }>("/openapi.json")).body;
    expect(paths["/api/v1/domains/books/events"]?.post.tags).toEqual(["books"]);
    expect(JSON.stringify(paths["/api/v1/domains/books/events"])).toContain("PlaceOrder");
    expect(paths["/api/v1/events"]?.post.tags).toEqual(["registration"]);
  });
});

describe("a domain's entities", () => {
  const ids = Array.from({ length: 7 }, (_, index) => `page-${index}`);
  beforeAll(async () => {
    await place("books", "page-0-of-books");
    for (const id of ids) await place("tools", id);
    await Promise.all([told("books", "page-0-of-books"), told("tools", "page-6")]);
  });
  const list = (query: string) => get<Items<{ id: string }>>("tools", `/entities${query}`);

  it("are listed by id, page by page", async () => {
    const first = await list("?q=PAGE-&limit=3&count=true");
    expect([first.items.map(({ id }) => id), first.total]).toEqual([ids.slice(0, 3), 7]);
    const next = await list(`?q=PAGE-&limit=3&cursor=${first.next_cursor}`);
    expect(next.items.map(({ id }) => id)).toEqual(ids.slice(3, 6));
    expect(await bench.ask(path("books", `/entities?q=PAGE-&cursor=${first.next_cursor}`))).toMatchObject({
      status: 400,
      body: { errors: [{ parameter: "cursor" }] },
    });
  });

  it("are filtered by state", async () => {
    expect((await list("?state=ENDED")).items).toEqual([]);
    await send("tools", "/events", { payload_type: "CancelOrder", payload: { order_id: "page-0" } });
    await expect.poll(async () => (await list("?state=ENDED")).items.map(({ id }) => id)).toEqual(["page-0"]);
  });

  it("have nothing to retry when no intent is pending, whatever the same id of another domain waits for", async () => {
    const reason = "to see";
    const pending = async (): Promise<void> => {
      await place("books", "page-1");
      const explanation = async () => JSON.stringify(await get("books", "/entities/page-1/explanation"));
      await vi.waitUntil(async () => (await explanation()).includes("BANK_BUSY"));
    };
    await failing(bench.host.system("books"), "card.charge", pending, "BANK_BUSY");
    expect(await send("tools", "/entities/page-1/retry", { reason })).toMatchObject({
      status: 409,
      body: { detail: "page-1 is TOLD: there is nothing to retry" },
    });
    expect((await send("tools", "/entities/nothing/retry", { reason })).status).toBe(404);
    expect((await send("tools", "/entities/page-1/retry", {})).status).toBe(400);
    expect(await send("books", "/entities/page-1/retry", { reason })).toMatchObject({
      status: 202,
      body: { intents: 1 },
    });
    const decisions = "select domain, subject, reason from rollcall.operator_decision where command = $1";
    expect(await bench.host.store.query(decisions, ["entity retry: intents"])).toEqual([
      { domain: "books", subject: "page-1", reason },
    ]);
  });
});

describe("what operators do with one domain", () => {
  it("leaves the dead letters of others", async () => {
    for (const domain of ["books", "tools"])
      await bench.host.system(domain).bus.publish(
        [
          {
            ...{ topic: `dev.${domain}.place-order`, partition: partitionOf("bad", 4), key: Buffer.from("bad") },
            ...{ value: Buffer.from('{"order_id":"bad"}'), headers: {} },
          },
        ],
        { timeoutMs: 5_000 },
      );
    const letters = async (domain: string) => (await get<Items<{ id: string }>>(domain, "/dead-letters")).items;
    await expect.poll(async () => [(await letters("books")).length, (await letters("tools")).length]).toEqual([1, 1]);
    const [ofBooks] = await letters("books");
    const one = `/dead-letters/${ofBooks?.id}`;
    expect((await bench.ask(path("tools", one))).status).toBe(404);
    expect((await bench.ask(path("tools", one), { method: "DELETE" })).status).toBe(404);
    expect((await bench.ask(path("books", one), { method: "DELETE" })).status).toBe(204);
    expect([(await letters("books")).length, (await letters("tools")).length]).toEqual([0, 1]);
    expect((await bench.ask<Items<object>>("/api/v1/dead-letters")).body.items).toEqual([]);
  });

  it("leaves the contracts of others", async () => {
    const hashes = async () =>
      Promise.all(
        ["registration", "books", "tools"].map(async (name) => (await get(name, "/contracts/in-force"))["hash"]),
      );
    const before = await hashes();
    const file = join(folder, "tools", "orders.yaml");
    writeFileSync(file, readFileSync(file, "utf8").replace("ordered before", "ordered already"));
    expect((await send("books", "/contracts/reload", {})).body).toMatchObject({ changed: false });
    expect((await send("tools", "/contracts/reload", {})).body).toMatchObject({ changed: true });
    const after = await hashes();
    expect(after.map((hash, index) => hash === before[index])).toEqual([true, true, false]);
    await place("tools", "after-reload");
    await told("tools", "after-reload");
    expect((await get<{ domain: string }>("tools", "/contracts")).domain).toBe("tools");
    expect((await get<{ domain: string }>("tools", "/contracts/graph")).domain).toBe("tools");
  });

  it("examines that domain", async () => {
    const { checks } = await get<{ checks: { name: string; detail: string }[] }>("books", "/doctor");
    expect(checks.find(({ name }) => name === "contracts")?.detail).toContain("order_orchestrator");
  });
});

it("the metrics of HTTP have a route's domain as a parameter, not a series for each", async () => {
  await get("books", "/entities/same");
  await get("tools", "/entities/same");
  const { body } = await bench.ask<string>("/metrics");
  const routes = [...body.matchAll(/^rollcall_http_requests_total\{.*route="([^"]*domains\/[^"]*)"/gm)];
  expect(routes.map(([, route]) => route)).toContain("/api/v1/domains/:domain/entities/:id");
  expect(routes.filter(([, route]) => /domains\/(books|tools)/.test(route ?? ""))).toEqual([]);
});

it("a module adds routes, and measures to its overview", async () => {
  expect(await bench.ask("/api/v1/tools/hello")).toMatchObject({ status: 200, body: { hello: "tools" } });
  const durations = async (domain: string) => (await get<{ durations: object }>(domain, "/overview")).durations;
  expect(await durations("tools")).toMatchObject({ sale: { p50_ms: 1 } });
  expect(await durations("books")).toEqual({});
});

it("two modules can't both be at the root of the paths", () => {
  const { host } = bench;
  const [registration, books] = host.systems.map((system) => ({
    ...system,
    module: { ...system.module, isAtRoot: true },
  }));
  expect(() => createHttpServer({ ...host, systems: [registration, books] as never })).toThrow(
    "registration and books are both at the root of the paths",
  );
});

it("the only domain of a server needs no name in its paths", async () => {
  const { host } = bench;
  const server = createHttpServer({ ...host, systems: [host.system("books")] });
  try {
    const asked = async (url: string) => (await server.inject({ method: "GET", url })).json<Record<string, unknown>>();
    expect(await asked("/api/v1/entities/same")).toMatchObject({ id: "same", state: "TOLD" });
    expect(await asked("/api/v1/contracts")).toMatchObject({ domain: "books" });
    expect(await asked("/schemas")).toMatchObject({ domain: "books" });
  } finally {
    await server.close();
  }
});

it("of two domains neither is meant by a path that names none", async () => {
  const { host } = bench;
  const server = createHttpServer({ ...host, systems: [host.system("books"), host.system("tools")] });
  try {
    for (const url of ["/api/v1/entities", "/api/v1/contracts"])
      expect((await server.inject({ method: "GET", url })).statusCode).toBe(404);
  } finally {
    await server.close();
  }
});

describe("the page", () => {
  const served = async (names: readonly string[], url: string) => {
    const { host } = bench;
    const server = createHttpServer({ ...host, systems: names.map((name) => host.system(name)) });
    try {
      const { statusCode, headers, body } = await server.inject({ method: "GET", url });
      return { statusCode, location: headers["location"], isPage: body.includes('<div id="app">') };
    } finally {
      await server.close();
    }
  };

  it.each([
    ["registration", "/"],
    ["registration", "/nodes/a%2Fb"],
    ["registration", "/dead-letters"],
    ["books", "/domains/books"],
    ["books", "/domains/books/entities/a%2Fb"],
    ["books", "/domains/books/playground"],
    // It says itself which domains there are.
    ["books", "/domains/bikes/events"],
  ])("of %s is at %s", async (name, url) =>
    expect(await served([name], url)).toEqual({ statusCode: 200, location: undefined, isPage: true }),
  );

  it("of the first domain is where / leads, when none is at the root", async () => {
    const answer = { statusCode: 302, location: "/domains/books", isPage: false };
    expect(await served(["books", "tools"], "/")).toEqual(answer);
    expect(await served(["books"], "/")).toEqual(answer);
    for (const url of ["/nodes", "/events"]) expect(await served(["books"], url)).toMatchObject({ statusCode: 404 });
  });
});
