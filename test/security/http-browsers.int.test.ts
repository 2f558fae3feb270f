import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HttpBench } from "../app/registration/http-bench.ts";
import { GuardedSystem, ROLLCALL_API_TOKENS, as, bearer } from "./guarded-system.ts";

interface Said {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}
let system: GuardedSystem<HttpBench>;
const urls: Record<"open" | "guarded" | "named" | "slow", string> = { open: "", guarded: "", named: "", slow: "" };
beforeAll(async () => {
  system = new GuardedSystem(await HttpBench.open());
  urls.open = (await system.served({})).url;
  urls.guarded = (await system.served({ ROLLCALL_API_TOKENS, ROLLCALL_HTTP_HOST: "0.0.0.0" })).url;
  urls.slow = (await system.served({ ROLLCALL_API_TOKENS, ROLLCALL_HTTP_RATE_MAX: "5" })).url;
  const named = { ROLLCALL_HTTP_HOST: "0.0.0.0", ROLLCALL_HTTP_NAMES: "Rollcall.example,[fd00::1]" };
  urls.named = (await system.served({ ROLLCALL_API_TOKENS, ...named })).url;
});
afterAll(() => system.close());

/** Sends any Host and Origin, unlike fetch. Reads the head only, since a stream does not end. */
const ask = (url: string, headers: Record<string, string> = {}, method = "GET", body = ""): Promise<Said> =>
  new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers }, (incoming) => {
      let text = "";
      const isStream = incoming.headers["content-type"]?.startsWith("text/event-stream") ?? false;
      const end = (): void => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: text });
      incoming.on("data", (data: Buffer) => (text += data.toString())).on("end", end);
      if (isStream) {
        end();
        outgoing.destroy();
      }
    });
    outgoing.on("error", reject).end(body);
  });
const json = { "content-type": "application/json" };
const heartbeat = JSON.stringify({ payload_type: "NodeHeartbeatEvent", payload: { node_id: "n" } });

describe("a page in a browser", () => {
  it.each([
    [{ origin: "https://evil.example" }],
    [{ origin: "null" }],
    [{ origin: "http://127.0.0.1:1" }],
    [{ "sec-fetch-site": "cross-site" }],
  ] as Record<string, string>[][])("of another origin changes nothing: %j", async (headers) => {
    const changes: [string, string, string][] = [
      ["POST", "/api/v1/events", heartbeat],
      ["POST", "/api/v1/dead-letters/0198c0de-0000-7000-8000-000000000000/retry", ""],
      ["DELETE", "/api/v1/dead-letters/0198c0de-0000-7000-8000-000000000000", ""],
    ];
    for (const [method, path, body] of changes) {
      const sent = { ...(body && json), ...headers };
      const open = await ask(urls.open + path, sent, method, body);
      expect([open.status, open.body]).toEqual([403, expect.stringContaining("foreign-origin")]);
      expect((await ask(urls.guarded + path, { ...sent, ...as("operator") }, method, body)).status).toBe(403);
    }
  });

  it("may change things when its origin is this server", async () => {
    const origin = { ...json, origin: new URL(urls.open).origin, "sec-fetch-site": "same-origin" };
    expect((await ask(`${urls.open}/api/v1/events`, origin, "POST", heartbeat)).status).toBe(202);
  });

  it("gets no CORS header that would let another origin read or write", async () => {
    const preflight = { origin: "https://evil.example", "access-control-request-method": "POST" };
    for (const method of ["OPTIONS", "GET"]) {
      const { headers } = await ask(`${urls.open}/api/v1/registrations`, preflight, method);
      expect(Object.keys(headers).filter((name) => name.startsWith("access-control-"))).toEqual([]);
    }
  });

  it("can't use a form: only application/json is accepted", async () => {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
      expect((await ask(`${urls.open}/api/v1/events`, { "content-type": type }, "POST", heartbeat)).status).toBe(415);
  });

  it.each(["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "localhost.evil.example", "[::2]"])(
    "that has rebound its name to this machine gets nothing: %j",
    async (host) => {
      for (const path of ["/api/v1/registrations", "/metrics", "/health/live", "/no/such"])
        expect((await ask(urls.open + path, { host })).status).toBe(421);
      expect((await ask(`${urls.named}/metrics`, { host, ...as("reader") })).status).toBe(421);
    },
  );

  it("reaches it by the names that are served", async () => {
    const { port } = new URL(urls.open);
    for (const host of ["localhost", `127.0.0.1:${port}`, "[::1]:8080", "LOCALHOST:1"])
      expect((await ask(`${urls.open}/health/live`, { host })).status).toBe(200);
    for (const host of ["rollcall.example", "rollcall.example:443", "[fd00::1]:8080", "127.0.0.1"])
      expect((await ask(`${urls.named}/health/live`, { host })).status).toBe(200);
    expect((await ask(`${urls.guarded}/health/live`, { host: "rollcall.in.a.cluster" })).status).toBe(200);
  });
});

describe("every answer", () => {
  it.each([
    ["an answer", "/health/live", {}, 200],
    ["metrics", "/metrics", as("reader"), 200],
    ["a stream", "/api/v1/events/stream", as("reader"), 200],
    ["a refusal", "/metrics", {}, 401],
    ["no route", "/<script>alert(1)</script>", {}, 404],
    ["a wrong parameter", "/api/v1/registrations/%00", as("reader"), 400],
  ] as const)("has headers against scripts and sniffing: %s", async (_what, path, headers, status) => {
    const said = await ask(urls.guarded + path, headers);
    expect(said.status).toBe(status);
    expect(said.headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "cross-origin-resource-policy": "same-origin",
      "referrer-policy": "no-referrer",
      "cache-control": "no-store",
    });
    const policy = String(said.headers["content-security-policy"]).split("; ");
    expect(policy).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        "script-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
      ]),
    );
    expect(policy.join()).not.toMatch(/unsafe|\*|https?:|nonce/);
    expect(said.headers["content-type"]).not.toContain("html");
    expect(said.headers["set-cookie"]).toBeUndefined();
  });
});

describe("a caller above the rate limit", () => {
  it("has to wait, and no other caller does; guessing tokens is limited too", async () => {
    const at = `${urls.slow}/api/v1/dead-letters`;
    const flood = (headers: Record<string, string>) =>
      Promise.all(Array.from({ length: 60 }, () => fetch(at, { headers })));
    const answers = await flood(as("reader"));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(10);
    expect(refused[0]?.headers.get("retry-after")).toBe("1");
    expect(await refused[0]?.json()).toMatchObject({
      type: "urn:rollcall:problem:too-many-requests",
      detail: "reader prometheus sends more requests than ROLLCALL_HTTP_RATE_MAX allows",
    });
    expect((await fetch(at, { headers: as("operator") })).status).toBe(200);

    const guesses = await flood(bearer("a-guess-that-is-wrong"));
    expect(new Set(guesses.map(({ status }) => status))).toEqual(new Set([401, 429]));
    expect((await fetch(at, { headers: as("operator") })).status).toBe(200);
  });
});
