import { randomUUID } from "node:crypto";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HttpBench } from "./registration/http-bench.ts";

const endpoints = { api: "http://10.0.0.1:8080" };
interface Timeline {
  readonly items: readonly { readonly kind: string }[];
}
let bench: HttpBench;
beforeAll(async () => {
  bench = await HttpBench.open((yaml) => yaml.replace("{ name: ack, after: 30s }", "{ name: ack, after: 2s }"), {
    requestTimeoutMs: 700,
  });
});
afterAll(() => bench.close());

describe("health", () => {
  it("reports that the process is live", async () => {
    expect(await bench.ask("/health/live")).toMatchObject({ status: 200, body: { status: "live" } });
  });

  it("reports for each part whether it is ready", async () => {
    await expect.poll(async () => (await bench.ask("/health/ready")).status).toBe(200);
    const { body } = await bench.ask("/health/ready");
    expect(body).toMatchObject({
      status: "ready",
      parts: {
        bus: { ok: true },
        store: { ok: true },
        catalogue: { ok: true },
        contracts: { ok: true, hash: bench.system.domain.contractHash },
        partitions: { ok: true, owned: 4, of: 4, refused: [] },
      },
    });
  });
});

describe("publishing", () => {
  it("accepts a payload with its type, and answers with the message's id", async () => {
    const { status, body } = await bench.publish("NodeIntrospectionEvent", { node_id: "pub-1", node_type: "effect" });
    expect(status).toBe(202);
    await bench.until("pub-1", "AWAITING_ACK");
    const { body: timeline } = await bench.ask<Timeline>("/api/v1/registrations/pub-1/timeline");
    expect(timeline.items[0]).toMatchObject({ type: "NodeIntrospectionEvent", message_id: body["message_id"] });
  });

  it("accepts an envelope with its id, and recognises a duplicate", async () => {
    const envelope = {
      envelope_id: "0198c0de-0000-7000-8000-000000000001",
      correlation_id: "0198c0de-0000-7000-8000-000000000002",
      payload_type: "ModelNodeIntrospectionEvent",
      payload: { node_id: "pub-2", node_type: "compute" },
    };
    for (const _ of [1, 2]) {
      const { status, body } = await bench.post(JSON.stringify(envelope));
      expect([status, body]).toEqual([202, { message_id: envelope.envelope_id }]);
    }
    const kinds = async () =>
      (await bench.ask<Timeline>("/api/v1/registrations/pub-2/timeline")).body.items.map(({ kind }) => kind);
    await expect.poll(kinds).toContain("repeat");
    const { body } = await bench.ask("/api/v1/registrations/pub-2");
    expect(body["correlation_ids"]).toEqual([envelope.correlation_id]);
  });

  it.each([
    [
      "a wrong payload",
      { payload_type: "NodeIntrospectionEvent", payload: { node_id: "a b", node_type: "x" } },
      "INVALID_PAYLOAD",
      ["/payload/node_id", "/payload/node_type"],
    ],
    ["a payload that is none", { payload_type: "NodeHeartbeatEvent", payload: [1] }, "INVALID_PAYLOAD", ["/payload"]],
    ["a missing payload", { payload_type: "NodeHeartbeatEvent" }, "INVALID_PAYLOAD", ["/payload"]],
    [
      "an unknown type",
      { payload_type: "NodeBecameActive", payload: { node_id: "n" } },
      "UNKNOWN_TYPE",
      ["/payload_type"],
    ],
    ["a missing type", { payload: { node_id: "n" } }, "UNKNOWN_TYPE", ["/payload_type"]],
    ["a type of Object's", { payload_type: "__proto__", payload: { node_id: "n" } }, "UNKNOWN_TYPE", ["/payload_type"]],
    [
      "a bad time",
      { payload_type: "NodeDeregister", envelope_timestamp: "yesterday", payload: { node_id: "n" } },
      "INVALID_PAYLOAD",
      ["/envelope_timestamp"],
    ],
    [
      "a version from the future",
      { payload_type: "NodeDeregister", payload_schema_version: { major: 2 }, payload: { node_id: "n" } },
      "VERSION_UNSUPPORTED",
      [""],
    ],
    [
      "a deep key in a map",
      {
        payload_type: "NodeIntrospectionEvent",
        payload: { node_id: "n", node_type: "effect", endpoints: { "a/b~c": "file:///etc" } },
      },
      "INVALID_PAYLOAD",
      ["/payload/endpoints/a~1b~0c"],
    ],
  ])("refuses %s with pointers", async (_what, body, code, pointers) => {
    const answer = await bench.post(JSON.stringify(body));
    expect(answer.status).toBe(400);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(answer.body).toMatchObject({
      status: 400,
      code,
      instance: "/api/v1/events",
      type: "urn:rollcall:problem:invalid-request",
    });
    expect((answer.body["errors"] as unknown as { pointer: string }[]).map(({ pointer }) => pointer)).toEqual(pointers);
  });

  it.each([
    ["no JSON", "{", 400, "MALFORMED_JSON"],
    ["an empty body", "", 400, "MALFORMED_JSON"],
    ["an array", "[]", 400, "INVALID_PAYLOAD"],
    ["two documents", "{}{}", 400, "MALFORMED_JSON"],
    ["a NUL", '{"payload_type":"NodeHeartbeatEvent","payload":{"node_id":"a\\u0000"}}', 400, "INVALID_PAYLOAD"],
    ["a lone surrogate", '{"payload_type":"\\ud800"}', 400, "INVALID_PAYLOAD"],
    ["100,000 levels", "[".repeat(100_000), 400, "INVALID_PAYLOAD"],
    ["no UTF-8", new Uint8Array([0x7b, 0xff, 0x7d]), 400, "MALFORMED_JSON"],
  ] as const)("refuses %s", async (_what, body, status, code) => {
    expect(await bench.post(body)).toMatchObject({ status, body: { code } });
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it("refuses more than 256 KiB, and what is not JSON", async () => {
    const large = JSON.stringify({
      payload_type: "NodeHeartbeatEvent",
      payload: { node_id: "n", more: "x".repeat(262_144) },
    });
    expect((await bench.post(large)).status).toBe(413);
    const headers = { "content-type": "text/plain" };
    expect((await bench.ask("/api/v1/events", { method: "POST", headers, body: "{}" })).status).toBe(415);
  });

  it("times out when a body does not arrive", async () => {
    const socket = connect(Number(new URL(bench.url).port), "127.0.0.1");
    socket.write(
      "POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
        "100\r\n\r\n{",
    );
    const said = await new Promise<string>((resolve) => {
      let text = "";
      socket.on("data", (data) => (text += data.toString())).on("close", () => resolve(text));
    });
    expect(said).toMatch(/^HTTP\/1.1 408 /);
  });
});

describe("waiting for the outcome", () => {
  const introspect = (node_id: string, query: string, url?: string) =>
    bench.publish("NodeIntrospectionEvent", { node_id, node_type: "effect", endpoints }, query, url);

  it("answers with the registration once the node is ACTIVE", async () => {
    const { events, close } = await bench.stream("?node_id=wait-1&type=NodeRegistrationAccepted");
    const outcome = introspect("wait-1", "?wait=active&timeout=10s");
    await expect.poll(() => events.length, { timeout: 5_000 }).toBe(1);
    await bench.publish("NodeRegistrationAcked", {
      node_id: "wait-1",
      registration_attempt_id: events[0]?.payload["registration_attempt_id"],
    });
    expect(await outcome).toMatchObject({ status: 200, body: { node_id: "wait-1", state: "ACTIVE", attempt: 1 } });
    close();
  });

  it("answers at once for a node that is ACTIVE already", async () => {
    await bench.activeNode("wait-2");
    expect(await introspect("wait-2", "?wait=active&timeout=1s")).toMatchObject({
      status: 200,
      body: { state: "ACTIVE" },
    });
  });

  it("answers with the end of a failed attempt, and not with that of an earlier one", async () => {
    for (const attempt of [1, 2])
      expect(await introspect("wait-3", "?wait=active&timeout=15s")).toMatchObject({
        status: 200,
        body: { state: "ACK_TIMED_OUT", attempt },
      });
  });

  it("says at once that the event leads to nothing", async () => {
    expect(await bench.publish("NodeDeregister", { node_id: "wait-7" }, "?wait=active&timeout=60s")).toMatchObject({
      status: 409,
      body: { type: "urn:rollcall:problem:conflict", node_id: "wait-7", detail: expect.stringContaining("no attempt") },
    });
    expect(await bench.publish("NodeHeartbeatEvent", { node_id: "wait-7" }, "?wait=active&timeout=60s")).toMatchObject({
      status: 409,
    });
  });

  it("answers when the attempt gives way to a younger one", async () => {
    const outcome = introspect("wait-8", "?wait=active&timeout=30s");
    await bench.until("wait-8", "AWAITING_ACK");
    await bench.publish("NodeIntrospectionEvent", { node_id: "wait-8", node_type: "compute", endpoints });
    expect(await outcome).toMatchObject({ status: 200, body: { attempt: 2 } });
  });

  it("is a problem when it times out; the event stays published", async () => {
    const answer = await introspect("wait-4", "?wait=active&timeout=1s");
    expect(answer).toMatchObject({
      status: 504,
      body: { type: "urn:rollcall:problem:timeout", node_id: "wait-4", state: "AWAITING_ACK" },
    });
    expect(answer.body["message_id"]).toMatch(/-/);
  });

  it("answers for a message that was processed before", async () => {
    const payload = { node_id: "wait-6", node_type: "effect", endpoints };
    const envelope = { envelope_id: randomUUID(), payload_type: "NodeIntrospectionEvent", payload };
    await bench.post(JSON.stringify(envelope));
    await bench.until("wait-6", "AWAITING_ACK");
    await bench.publish("NodeRegistrationAcked", { node_id: "wait-6" }, "?wait=active");
    expect(await bench.post(JSON.stringify(envelope), "?wait=active&timeout=5s")).toMatchObject({
      status: 200,
      body: { state: "ACTIVE", attempt: 1 },
    });
  });

  it("leaves no listener behind, however many wait at once and follow the stream", async () => {
    const leaks: string[] = [];
    const onWarning = ({ name, message }: Error): void => {
      if (name === "MaxListenersExceededWarning") leaks.push(message);
    };
    process.on("warning", onWarning);
    const many = Array.from({ length: 12 }, (_, index) => `wait-many-${index}`);
    const streams = await Promise.all(many.map(() => bench.stream()));
    const answers = many.map((node_id) => bench.publish("NodeDeregister", { node_id }, "?wait=active&timeout=60s"));
    for (const { status } of await Promise.all(answers)) expect(status).toBe(409);
    for (const { close } of streams) close();
    process.off("warning", onWarning);
    expect(leaks).toEqual([]);
  });

  it("sees what another process decides", async () => {
    const deaf = await bench.deafServer();
    const outcome = introspect("wait-5", "?wait=active&timeout=10s", deaf);
    await bench.until("wait-5", "AWAITING_ACK");
    await bench.publish("NodeRegistrationAcked", { node_id: "wait-5" });
    expect(await outcome).toMatchObject({ status: 200, body: { state: "ACTIVE" } });
    expect(await bench.publish("NodeDeregister", { node_id: "wait-5" }, "?wait=active", deaf)).toMatchObject({
      status: 200,
      body: { state: "DEREGISTERED" },
    });
  });

  it.each(["?wait=idle", "?wait=active&timeout=61s", "?wait=active&timeout=0s", "?wait=active&timeout=5"])(
    "refuses %s",
    async (query) => {
      expect((await introspect("wait-6", query)).status).toBe(400);
    },
  );
});

describe("hosts and origins", () => {
  const raw = (head: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(Number(new URL(bench.url).port), "127.0.0.1");
      let text = "";
      socket
        .on("data", (data) => (text += data.toString()))
        .on("close", () => resolve(text))
        .on("error", reject);
      socket.write(`${head}\r\nConnection: close\r\n\r\n`);
    });

  it.each(["localhost:80", "127.0.0.1", "[::1]:8080", "LOCALHOST"])("serves the host %s", async (host) => {
    expect(await raw(`GET /health/live HTTP/1.1\r\nHost: ${host}`)).toMatch(/^HTTP\/1.1 200 /);
  });

  it.each(["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8080", ""])(
    "refuses the host %j",
    async (host) => {
      expect(await raw(`GET /api/v1/registrations HTTP/1.1\r\nHost: ${host}`)).toMatch(/^HTTP\/1.1 421 /);
    },
  );

  it("changes nothing for a page of another origin", async () => {
    const body = JSON.stringify({ payload_type: "NodeDeregister", payload: { node_id: "n" } });
    const post = (headers: Record<string, string>) =>
      bench.ask("/api/v1/events", {
        method: "POST",
        body,
        headers: { "content-type": "application/json", ...headers },
      });
    expect((await post({ origin: "http://evil.example" })).status).toBe(403);
    expect((await post({ origin: "null" })).status).toBe(403);
    expect((await post({ origin: bench.url })).status).toBe(202);
  });

  it.each([
    "/api/v1/registrations/%00",
    "/api/v1/registrations/..%252f",
    "/api/v1/registrations/%zz",
    `/api/v1/registrations/${"a".repeat(256)}`,
    "/api/v1/services/a%20b",
  ])("refuses the path %s", async (path) => {
    const answer = await bench.ask(path);
    expect(answer.status).toBe(400);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
  });

  it("answers an unknown route with a problem", async () => {
    expect(await bench.ask("/api/v2/nothing")).toMatchObject({
      status: 404,
      body: { type: "urn:rollcall:problem:not-found" },
    });
    expect(await bench.ask("/api/v1/registrations/nobody")).toMatchObject({ status: 404, body: { status: 404 } });
  });
});

describe("the API description", () => {
  it("is AsyncAPI 3 of the contracts in force, for the topics", async () => {
    const { body } = await bench.ask<{ asyncapi: string; channels: Record<string, { address: string }> }>(
      "/asyncapi.json",
    );
    expect(body.asyncapi).toBe("3.0.0");
    expect(body.channels["NodeBecameActive"]?.address).toMatch(/\.onex\.evt\.node-became-active\.v1$/);
  });

  it("is OpenAPI 3.1, with every route and the events' schemas", async () => {
    const { body } = await bench.ask<{ openapi: string; paths: Record<string, object> }>("/openapi.json");
    expect(body.openapi).toBe("3.1.0");
    const ofOperators = [
      "/contracts",
      "/contracts/check",
      "/contracts/counts",
      "/contracts/files/{file}",
      "/contracts/graph",
      "/contracts/in-force",
      "/contracts/reload",
      "/contracts/versions/{hash}",
      "/dead-letters",
      "/dead-letters/retry",
      "/dead-letters/{id}",
      "/dead-letters/{id}/retry",
      "/doctor",
      "/holds",
      "/holds/{domain}/{subject}/release",
      "/intents",
      "/intents/{id}/end",
      "/journal",
      "/overview",
      "/projections",
      "/projections/{name}/rebuild",
      "/projections/{name}/verify",
    ];
    const ofOne = ["/explanation", "/messages/{message_id}", "/purge", "/retry", "/timeline"];
    const ofEntities = ["", "/{id}", ...ofOne.map((path) => `/{id}${path}`)].map((path) => `/entities${path}`);
    const ofMessages = ["/events", "/events/stream"];
    expect(Object.keys(body.paths).sort()).toEqual(
      [
        ...[...ofOperators, ...ofMessages].map((path) => `/api/v1${path}`),
        ...[...ofOperators, ...ofMessages, ...ofEntities].map((path) => `/api/v1/domains/registration${path}`),
        "/api/v1/directory",
        "/api/v1/domains",
        "/api/v1/registrations",
        "/api/v1/registrations/{node_id}",
        "/api/v1/registrations/{node_id}/explanation",
        "/api/v1/registrations/{node_id}/retry",
        "/api/v1/registrations/{node_id}/timeline",
        "/api/v1/services/{name}",
        "/health/live",
        "/health/ready",
        "/metrics",
      ].sort(),
    );
    expect(JSON.stringify(body.paths["/api/v1/events"])).toContain("node_type");
  });
});
