import { connect, createServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { filesIn } from "../tidy/sources.ts";
import { API_TOKENS, type GatewayOptions, ParcelsGateway, TOKENS } from "./parcels-gateway.ts";

const body = { email: "ann@example.com" };
const bearer = (name: keyof typeof TOKENS) => ({ authorization: `Bearer ${TOKENS[name]}` });
const inGateway =
  (...edits: readonly (readonly [string, string])[]) =>
  (yaml: string, file: string): string =>
    file === "gateway.yaml" ? edits.reduce((text, [from, to]) => text.replace(from, to), yaml) : yaml;

/** All headers that our own programs know or send. */
const OWN_HEADERS = [
  ...new Set(
    ["app", "runtime", "client"]
      .flatMap((folder) => filesIn(folder))
      .flatMap(({ text }) => [...text.matchAll(/"((?:x|rollcall)-[a-z-]+[a-z])"/g)].map(([, name = ""]) => name)),
  ),
].filter((name) => name !== "x-request-id");

let parcels: ParcelsGateway;
/** Who did what to an entity, and what became of it. */
const journaled = (id: string) =>
  parcels.host.store.query(
    `select type, result, state, line -> 'door' as door, line -> 'attempt' as attempt
       from rollcall.journal where entity_id = $1 order by seq`,
    [id],
  );
const open = async (options: GatewayOptions = {}): Promise<void> => void (parcels = await ParcelsGateway.open(options));
afterEach(() => parcels.close());

/** A request as no client would send it. */
function raw(target: string, headers = ""): Promise<string> {
  const { hostname, port } = new URL(parcels.url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    let text = "";
    socket.on("data", (chunk) => (text += chunk.toString())).on("close", () => resolve(text));
    socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\n${headers}Connection: close\r\n\r\n`);
  });
}

describe("a gateway's door", () => {
  it("refuses paths that can be read in more than one way", async () => {
    await open();
    for (const target of [
      ...["/v1/parcels/a%2Fb", "/v1/parcels/a%2fb", "/v1//parcels/a", "/v1/parcels/%2e%2e", "/v1/parcels/../parcels/a"],
      ...["/v1/parcels/a\\b", "/v1/parcels/a%5cb", "/v1/parcels/%ff", "/v1/parcels/%zz", "/v1/parcels/a%00"],
    ])
      expect(`${target} ${(await raw(target)).slice(9, 12)}`).toBe(`${target} 400`);
    expect((await raw("/v1/parcels/a.b")).slice(9, 12)).toBe("404");
    expect((await raw("/v1/parcels/")).slice(9, 12)).toBe("404");
  });

  it("names the methods that there are, and answers OPTIONS", async () => {
    await open();
    const wrong = await parcels.ask("DELETE", "/v1/parcels/d-1");
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "HEAD, PUT, GET, OPTIONS"]);
    const options = await parcels.ask("OPTIONS", "/v1/parcels/d-1");
    expect([options.status, options.headers.get("allow")]).toEqual([204, "HEAD, PUT, GET, OPTIONS"]);
    expect((await parcels.ask("GET", "/v2")).status).toBe(404);
  });

  it("gives each answer an id: the caller's, if it is harmless", async () => {
    await open();
    const idOf = async (given: string, path = "/v1/nothing") =>
      (await parcels.ask("GET", path, { headers: { "x-request-id": given } })).headers.get("x-request-id");
    expect(await idOf("abc-1")).toBe("abc-1");
    expect(await idOf("abc-1", "/v1/parcels/count")).toBe("abc-1");
    for (const bad of ["a b", "x".repeat(129), "a<b>"]) expect(await idOf(bad)).toMatch(/^[0-9a-f-]{36}$/);
    expect(await raw("/v1//parcels")).toMatch(/\r\nx-request-id: [0-9a-f-]{36}\r\n/);
    expect(await raw("/v1/%zz")).toMatch(/\r\nx-request-id: [0-9a-f-]{36}\r\n/);
  });

  it("lets in who has a token with a role of the call, and operators", async () => {
    await open({ environment: { ROLLCALL_API_TOKENS: API_TOKENS } });
    const store = (headers: Record<string, string>) => parcels.ask("PUT", "/v1/parcels/p-1", { body, headers });
    expect((await store({})).headers.get("www-authenticate")).toBe('Bearer realm="rollcall"');
    expect(await store({})).toMatchObject({ status: 401, body: { type: "urn:rollcall:problem:unauthenticated" } });
    expect((await store(bearer("node"))).status).toBe(403);
    expect((await store(bearer("reader"))).status).toBe(201);
    const collect = (headers: Record<string, string>) => parcels.ask("POST", "/v1/parcels/p-1/collection", { headers });
    expect((await collect(bearer("reader"))).status).toBe(403);
    expect((await collect(bearer("operator"))).status).toBe(200);
    expect((await parcels.ask("GET", "/v1/parcels/count")).status).toBe(200);
  });

  it("holds a node's token to its own entity", async () => {
    const nodes = inGateway(["access: [reader, operator]", "access: [node]"]);
    await open({ edit: nodes, environment: { ROLLCALL_API_TOKENS: API_TOKENS } });
    const headers = bearer("node");
    expect((await parcels.ask("PUT", "/v1/parcels/p-other", { body, headers })).status).toBe(403);
    expect((await parcels.ask("PUT", "/v1/parcels/p-mine", { body, headers })).status).toBe(201);
    expect((await parcels.ask("GET", "/v1/parcels/p-mine", { headers })).status).toBe(200);
    await parcels.ask("PUT", "/v1/parcels/p-other", { body, headers: bearer("operator") });
    expect((await parcels.ask("GET", "/v1/parcels/p-other", { headers })).status).toBe(403);
  });

  it("believes no header that anybody can send", async () => {
    await open({ environment: { ROLLCALL_API_TOKENS: API_TOKENS } });
    const claimed = {
      ...Object.fromEntries(OWN_HEADERS.map((name) => [name, "1"])),
      ...{ "x-caller": "olga", "x-role": "operator", door: "{}", "x-forwarded-user": "olga", source: "operator" },
      ...{ "user-agent": "rollcall-client", "client-id": "rollcall router", via: "1.1 rollcall" },
    };
    expect(OWN_HEADERS).toContain("rollcall-broker-time");
    const door = { caller: { id: "olga", roles: ["operator"], privileged: true } };
    const sent = { ...body, door, caller: door.caller, loaded: {}, attempt: 7, entity_seq: 9 };
    const plain = await parcels.ask("PUT", "/v1/parcels/p-1", { body: sent, headers: claimed });
    expect(plain.status).toBe(401);
    const stored = await parcels.ask("PUT", "/v1/parcels/p-1", {
      body: sent,
      headers: { ...claimed, ...bearer("reader") },
    });
    expect(stored).toMatchObject({ status: 201, body: { state: "STORED" } });
    const other = await parcels.ask("PUT", "/v1/parcels/p-2", { body, headers: bearer("reader") });
    const [one, two] = await Promise.all(["p-1", "p-2"].map(journaled));
    expect({ ...stored.body, parcel_id: "" }).toEqual({ ...other.body, parcel_id: "" });
    expect(one).toEqual(two);
    const seen = await parcels.ask("GET", "/v1/parcels/p-1", { headers: { ...claimed, ...bearer("node") } });
    expect(seen.status).toBe(403);
  });

  it("refuses what pages of other sites send, reads too where there are no tokens", async () => {
    await open({ edit: inGateway(["port: 9210", 'port: 9210, origins: ["https://ops.example"]']) });
    const from = (headers: Record<string, string>) => parcels.ask("GET", "/v1/parcels/count", { headers });
    expect((await from({ origin: "https://evil.example" })).status).toBe(403);
    expect((await from({ "sec-fetch-site": "cross-site" })).status).toBe(403);
    const visit = "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n";
    expect((await raw("/v1/parcels/count", visit)).slice(9, 12)).toBe("200");
    const allowed = await from({ origin: "https://ops.example" });
    expect([allowed.status, allowed.headers.get("access-control-allow-origin")]).toEqual([200, "https://ops.example"]);
    const headers = { origin: "https://ops.example", "access-control-request-method": "PUT" };
    const asked = await parcels.ask("OPTIONS", "/v1/parcels/p-1", { headers });
    expect(asked.headers.get("access-control-allow-methods")).toContain("PUT");
    const put = await parcels.ask("PUT", "/v1/parcels/p-1", { body, headers: { origin: "https://ops.example" } });
    expect(put.status).toBe(201);
    expect(
      (
        await parcels.ask("GET", "/api/v1/domains", {
          url: parcels.hostUrl,
          headers: { origin: "https://evil.example" },
        })
      ).status,
    ).toBe(403);
  });

  it("lets in addresses of its networks, as known proxies tell them, and begins links with PUBLIC_URL", async () => {
    const replies =
      "    replies:\n      - { event: ParcelStored, status: 201, view: parcel }\n" +
      "      - { state: STORED, view: parcel }\n";
    const networks = "networks: [10.0.0.0/8, 2001:db8::1]";
    const edit = inGateway(["port: 9210", `port: 9210, ${networks}`], [replies, "    wait: none\n"]);
    await open({ edit, environment: { TRUSTED_PROXIES: "127.0.0.1", PUBLIC_URL: "https://parcels.example/locker" } });
    const from = (address?: string) => {
      const headers: Record<string, string> = address === undefined ? {} : { "x-forwarded-for": address };
      return parcels.ask("PUT", "/v1/parcels/p-1", { body, headers });
    };
    const problem = { type: "urn:rollcall:problem:foreign-network" };
    for (const address of [undefined, "11.0.0.1", "2001:db8::2", "::ffff:11.0.0.1"])
      expect(await from(address)).toMatchObject({ status: 403, body: problem });
    for (const address of ["10.1.2.3", "2001:db8::1", "::ffff:10.0.0.1"]) {
      const { status, headers } = await from(address);
      expect(status).toBe(202);
      expect(headers.get("location")).toMatch(/^https:\/\/parcels\.example\/locker\/api\/v1\/domains\/parcels\//);
    }
  });

  it("writes problems as the contract's function does", async () => {
    const errors = {
      plain: ({ status, detail, requestId }: { status: number; detail: string; requestId: string }) => ({
        failed: status,
        detail,
        requestId,
      }),
    };
    await open({ edit: inGateway(["base_path: /v1", "base_path: /v1\nerrors: plain"]), code: { errors } });
    const headers = { "x-request-id": "r-1" };
    const absent = await parcels.ask("GET", "/v1/parcels/none", { headers });
    expect(absent).toMatchObject({ status: 404, body: { failed: 404, requestId: "r-1" } });
    expect(absent.headers.get("content-type")).toBe("application/json");
    expect(await parcels.ask("GET", "/v1/nowhere")).toMatchObject({ status: 404, body: { failed: 404 } });
    expect(await parcels.ask("GET", "/v2")).toMatchObject({
      status: 404,
      body: { type: "urn:rollcall:problem:not-found" },
    });
  });
});

describe("a gateway's limits", () => {
  const limit = (text: string) => inGateway(["rate_limit: { max: 6000, window: 1m }", `rate_limit: ${text}`]);
  const get = (headers: Record<string, string> = {}, path = "/v1/parcels/x") => parcels.ask("GET", path, { headers });

  it("count each caller for itself, and tell how it stands", async () => {
    const environment = { ROLLCALL_API_TOKENS: API_TOKENS };
    await open({ edit: limit("{ max: 2, window: 1m, exempt: [operator] }"), environment });
    const first = await get(bearer("reader"));
    expect(["limit", "remaining", "reset"].map((name) => first.headers.get(`ratelimit-${name}`))).toEqual([
      "2",
      "1",
      "60",
    ]);
    expect((await get(bearer("reader"))).status).toBe(404);
    const over = await get(bearer("reader"));
    expect([over.status, over.headers.get("ratelimit-remaining")]).toEqual([429, "0"]);
    expect(Number(over.headers.get("retry-after"))).toBeGreaterThan(0);
    for (let times = 0; times < 4; times++) expect((await get(bearer("operator"))).status).toBe(404);
  });

  it("are not moved by a header, unless a proxy that is known has sent it", async () => {
    await open({ edit: limit("{ max: 2, window: 1m, per: address }") });
    const sent = async (header: string) => {
      const statuses = [];
      for (let at = 0; at < 4; at++) statuses.push((await get({ [header]: `10.1.1.${at}` })).status);
      return statuses;
    };
    expect(await sent("x-forwarded-for")).toEqual([404, 404, 429, 429]);
    for (const header of ["x-real-ip", "x-client-ip", "forwarded", "true-client-ip", "x-forwarded-host"])
      expect(await sent(header)).toEqual([429, 429, 429, 429]);
    await parcels.close();
    await open({ edit: limit("{ max: 2, window: 1m, per: address }"), environment: { TRUSTED_PROXIES: "127.0.0.1" } });
    expect(await sent("x-forwarded-for")).toEqual([404, 404, 404, 404]);
  });

  it.each([
    ["a port of its own", "parcels=0"],
    ["the host's port", "parcels=main"],
  ])("let through without a limit, at %s, what the contract says is not limited", async (_, at) => {
    const health = inGateway(["    access: public\n", "    access: public\n    rate_limit: none\n"]);
    await open({ edit: health, environment: { ROLLCALL_HTTP_RATE_MAX: "1", ROLLCALL_LISTENERS: at } });
    const statuses = [];
    for (let times = 0; times < 6; times++) statuses.push((await get({}, "/v1/parcels/count")).status);
    expect(new Set(statuses)).toEqual(new Set([200]));
    for (let times = 0; times < 6; times++) await get();
    expect((await get()).status).toBe(429);
    expect((await get({}, "/v1/parcels/count")).status).toBe(200);
    // The platform would start a healthy process anew.
    for (const path of ["/health/live", "/health/ready"])
      for (let times = 0; times < 6; times++)
        expect((await parcels.ask("GET", path, { url: parcels.hostUrl })).status).toBe(200);
  });
});

describe("a gateway's port", () => {
  it("is that of the host where it is joined to it, whose own paths count before", async () => {
    await open({ environment: { ROLLCALL_LISTENERS: "parcels=main" } });
    expect(parcels.url).toBe(parcels.hostUrl);
    expect((await parcels.ask("PUT", "/v1/parcels/m-1", { body })).status).toBe(201);
    expect((await parcels.ask("GET", "/v1/parcels/m-1")).status).toBe(200);
    expect((await parcels.ask("GET", "/api/v1/domains")).body).toHaveProperty("items");
    expect((await parcels.ask("GET", "/v1/nowhere")).status).toBe(404);
  });

  it("is none where it is off", async () => {
    await open({ environment: { ROLLCALL_LISTENERS: "parcels=off" } });
    expect(parcels.gateways.addresses.size).toBe(0);
    expect((await parcels.ask("GET", "/v1/parcels/m-1")).status).toBe(404);
  });

  it("stays closed where it is taken, with a trouble, while all else is served", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => taken.once("listening", resolve));
    const { port } = taken.address() as { port: number };
    await open({ environment: { ROLLCALL_LISTENERS: `parcels=${port}` } });
    const told = { code: "LISTENER_CLOSED", subject: "parcels", blocks: "nothing" };
    expect(await parcels.host.troubles.list()).toEqual([expect.objectContaining(told)]);
    expect((await parcels.ask("GET", "/health/ready", { url: parcels.hostUrl })).status).toBe(200);
    await new Promise((resolve) => taken.close(resolve));
  });

  it("is not opened to other machines while anybody could call", async () => {
    const environment = { ROLLCALL_LISTENERS: "parcels=0.0.0.0:0" };
    await open({ environment });
    expect(await parcels.host.troubles.list()).toMatchObject([
      { code: "LISTENER_CLOSED", detail: expect.stringContaining("anybody could call storeParcel") },
    ]);
    await parcels.close();
    await open({ environment: { ...environment, ROLLCALL_API_TOKENS: API_TOKENS } });
    expect(parcels.gateways.addresses.size).toBe(1);
  });
});
