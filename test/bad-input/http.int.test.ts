import { createHash } from "node:crypto";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createHttpServer } from "../../app/http/server/http-server.ts";
import { HttpBench } from "../app/registration/http-bench.ts";
import { until } from "../shell/orders.ts";
import type { Item } from "./registration/items.ts";

const BODY_MS = 700;
const HEAD = "Host: localhost\r\n";
const JSON_HEAD = `${HEAD}Content-Type: application/json\r\n`;
const post = (head: string, body: string): string => `POST /api/v1/events HTTP/1.1\r\n${head}\r\n${body}`;
const get = (path: string, head = HEAD): string => `GET ${path} HTTP/1.1\r\n${head}\r\n`;
const LARGE = 256 * 1024 + 1;

/** A cursor with a correct checksum, as anyone can make who has read the sources. */
function forged(scope: string, place: string): string {
  const body = Buffer.from(place);
  const check = createHash("sha256").update("rollcall cursor\0").update(scope).update("\0").update(body).digest();
  return Buffer.concat([check.subarray(0, 8), body]).toString("base64url");
}
const LISTS = [
  ["/api/v1/registrations", "registrations {}"],
  ["/api/v1/dead-letters", "dead letters {}"],
  ["/api/v1/registrations/known/timeline", "timeline known"],
] as const;
const PLACES = [
  "",
  "x",
  "null",
  "{}",
  "[null]",
  "[[]]",
  '["\\u0000"]',
  '["2026-01-01","x"]',
  '["x",1e999,-1]',
  '[""]',
  "[1]",
];
const PAGES = [
  "limit=-1",
  "limit=0",
  "limit=1e9",
  "limit=0.5",
  "limit=NaN",
  "limit=",
  "limit=1&limit=2",
  "cursor=",
  `cursor=${"A".repeat(2_000)}`,
];
const PATHS = [
  "%00",
  "a%00b",
  "..%252f",
  "%252e%252e%252f",
  "%2e%2e%2fetc",
  "%zz",
  "%",
  "%c0%af",
  "%ff",
  "a%0d%0ab",
  "%E2%80%AE",
  "a".repeat(256),
];
const QUERIES = [
  "/api/v1/registrations?q=%00",
  "/api/v1/registrations?state=%00",
  "/api/v1/registrations?capability=a%00",
  "/api/v1/dead-letters?code=%00",
  "/api/v1/dead-letters?topic=%00",
];
const UPGRADE =
  "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " +
  "dGhlIHNhbXBsZSBub25jZQ==\r\n";

/** What is sent, and the statuses that it may be answered with. */
const REQUESTS: readonly (readonly [Item<"http">, string, string, RegExp])[] = [
  ["body over limit", "told by its length", post(`${JSON_HEAD}Content-Length: ${LARGE}\r\n`, "x"), /^413$/],
  [
    "body over limit",
    "in pieces of unknown length",
    post(`${JSON_HEAD}Transfer-Encoding: chunked\r\n`, `${LARGE.toString(16)}\r\n${"x".repeat(LARGE)}\r\n0\r\n\r\n`),
    /^413$/,
  ],
  [
    "body over limit",
    "of two lengths",
    post(`${JSON_HEAD}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n`, "0\r\n\r\n"),
    /^400$/,
  ],
  ["body over limit", "headers of 20 KB", get("/health/live", `${HEAD}X: ${"x".repeat(20_000)}\r\n`), /^431$/],
  ["slow body", "its end never comes", post(`${JSON_HEAD}Content-Length: 100\r\n`, "{"), /^408$/],
  ["slow body", "its headers never end", `POST /api/v1/events HTTP/1.1\r\n${HEAD}X: `, /^408$/],
  ["wrong type", "text", post(`${HEAD}Content-Type: text/plain\r\nContent-Length: 2\r\n`, "{}"), /^415$/],
  [
    "wrong type",
    "a form",
    post(`${HEAD}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n`, "a=1"),
    /^415$/,
  ],
  ["wrong type", "none", post(`${HEAD}Content-Length: 2\r\n`, "{}"), /^4(00|15)$/],
  [
    "wrong type",
    "compressed",
    post(`${JSON_HEAD}Content-Encoding: gzip\r\nContent-Length: 3\r\n`, "\u001f\u008b\b"),
    /^4(00|15)$/,
  ],
  ["wrong type", "no HTTP", "\u0016\u0003\u0001\u0002\u0000\r\n\r\n", /^400$/],
  ...PATHS.map(
    (path) =>
      [
        "%00 and double encoding",
        `as a node: ${path.slice(0, 20)}`,
        get(`/api/v1/registrations/${path}`),
        /^40[04]$/,
      ] as const,
  ),
  ...QUERIES.map((path) => ["%00 and double encoding", path, get(path), /^400$/] as const),
  ...LISTS.flatMap(([path]) =>
    PAGES.map((query) => ["page -1", `${path} ${query}`.slice(0, 80), get(`${path}?${query}`), /^4/] as const),
  ),
  ...LISTS.flatMap(([path, scope]) =>
    PLACES.map(
      (place) =>
        ["forged cursor", `${path} ${place}`, get(`${path}?cursor=${forged(scope, place)}`), /^(200|400)$/] as const,
    ),
  ),
  ...LISTS.map(
    ([path]) =>
      [
        "forged cursor",
        `${path}, another list's`,
        get(`${path}?cursor=${forged("another", '["a"]')}`),
        /^400$/,
      ] as const,
  ),
  ...["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "localhost:80:80", "", "\u00e9"].map(
    (host) =>
      ["foreign Host", JSON.stringify(host), get("/api/v1/registrations", `Host: ${host}\r\n`), /^4(21|00)$/] as const,
  ),
  ["foreign Host", "none", get("/api/v1/registrations", ""), /^400$/],
  [
    "WebSocket or SSE readers that never read",
    "a WebSocket of the stream",
    get("/api/v1/events/stream", `${HEAD}${UPGRADE}`),
    /^400$/,
  ],
  ["WebSocket or SSE readers that never read", "a WebSocket of nothing", get("/", `${HEAD}${UPGRADE}`), /^400$/],
  [
    "WebSocket or SSE readers that never read",
    "HEAD of the stream",
    `HEAD /api/v1/events/stream HTTP/1.1\r\n${HEAD}\r\n`,
    /^404$/,
  ],
  [
    "WebSocket or SSE readers that never read",
    "a forged last id",
    get("/api/v1/events/stream", `${HEAD}Last-Event-ID: ////\r\n`),
    /^400$/,
  ],
];

describe("a bad request", () => {
  let bench: HttpBench;
  beforeAll(async () => {
    bench = await HttpBench.open(undefined, { requestTimeoutMs: BODY_MS });
    await bench.activeNode("known");
  });
  afterAll(() => bench.close());

  /** The status of the answer to these bytes. */
  const answered = (bytes: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(Number(new URL(bench.url).port), "127.0.0.1");
      let said = "";
      socket.on("data", (data) => {
        said += data.toString("latin1");
        const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(said) ?? [];
        if (status === undefined) return;
        socket.destroy();
        resolve(status);
      });
      socket.on("close", () => resolve(`closed: ${said}`)).on("error", (error) => (said === "" ? reject(error) : null));
      socket.write(bytes, "latin1");
    });

  it.each(REQUESTS)("%s: %s", async (_item, _name, bytes, expected) => {
    expect(await answered(bytes)).toMatch(expected);
    expect((await bench.ask("/health/live")).status).toBe(200);
  });

  it("SSE readers that never read are disconnected, and one that reads gets everything", async () => {
    const server = createHttpServer(bench.host);
    const url = await server.listen({ host: "127.0.0.1", port: 0 });
    const { events, close } = await bench.stream("?type=NodeRegistrationInitiated", undefined, url);
    const sockets = Array.from({ length: 10 }, (): Socket => {
      const socket = connect(Number(new URL(url).port), "127.0.0.1")
        .pause()
        .on("error", () => {});
      socket.write(get("/api/v1/events/stream"));
      return socket;
    });
    const open = () =>
      new Promise<number>((resolve) => server.server.getConnections((_error, count) => resolve(count)));
    try {
      await until(async () => (await open()) >= sockets.length + 1);
      const node = (i: number) => ({ node_id: `large-${i}`, node_type: "effect", x: "x".repeat(200_000) });
      let sent = 0;
      // More than the connections' own buffers hold, whatever they are on this machine.
      while ((await open()) > 2 && sent < 200) {
        expect((await bench.publish("NodeIntrospectionEvent", node(sent++))).status).toBe(202);
        await until(() => events.length >= sent);
      }
      expect(await open()).toBeLessThanOrEqual(2);
      console.log(`10 readers that never read were let go after ${sent} events of 200 KB`);
      expect(events.length).toBe(sent);
    } finally {
      close();
      for (const socket of sockets) socket.destroy();
      await server.close();
    }
  }, 120_000);
});
