import { afterEach, describe, expect, it } from "vitest";
import { NodeRegistryClient } from "../../client/node-registry-client.ts";
import { retryAfterMs } from "../../client/json-request.ts";
import { type Answer, byteServer, GOOD, json, NO_LISTS, NODE } from "./byte-server.ts";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function registry(answer: Parameters<typeof byteServer>[0]) {
  const server = await byteServer(answer);
  closing.push(server.close);
  return server;
}

describe("a list of nodes", () => {
  it("asks for what is wanted, and says that it is fresh", async () => {
    const { url, asked } = await registry(() => GOOD);
    const client = new NodeRegistryClient(url, { token: "secret" });
    const nodes = await client.getNodes();
    await client.getNodesByRole("a role");
    await client.getAvailableNodes({ role: "r", label: ["gpu", "big"] });
    expect([...nodes]).toEqual([NODE]);
    expect(nodes).toMatchObject({ stale: false, why: undefined });
    expect(asked.map(({ path }) => path)).toEqual([
      "/api/v1/nodes",
      "/api/v1/nodes?role=a+role",
      "/api/v1/nodes?role=r&label=gpu&label=big&status=online",
    ]);
    expect(asked[0]?.headers.authorization).toBe("Bearer secret");
  });

  it.each(Object.entries(NO_LISTS))("is the last good one when the answer is %s", async (_what, bytes) => {
    const answers: Answer[] = [GOOD];
    const { url } = await registry(() => (answers.length > 0 ? answers.shift() : bytes));
    const changes: boolean[] = [];
    const client = new NodeRegistryClient(url, { onChange: ({ stale }) => void changes.push(stale) });
    const good = await client.getNodes();
    const kept = await client.getNodes();
    expect([...kept]).toEqual([NODE]);
    expect(kept).toMatchObject({ stale: true, since: good.since, why: expect.stringContaining("/api/v1/nodes") });
    answers.push(GOOD);
    expect((await client.getNodes()).stale).toBe(false);
    expect(changes).toEqual([true, false]);
  });

  it("is not that of another server, to which it is sent on", async () => {
    const other = await registry(() => GOOD);
    const location = `location: ${other.url}/api/v1/nodes`;
    const { url } = await registry(() => `HTTP/1.1 307 Temporary Redirect\r\n${location}\r\ncontent-length: 0\r\n\r\n`);
    const nodes = await new NodeRegistryClient(url, { token: "secret" }).getNodes();
    expect(nodes).toMatchObject({ length: 0, stale: true, why: expect.stringContaining(`sent on to ${other.url}`) });
    expect(other.asked).toEqual([]);
  });

  it("is empty, and says so, when there never was one", async () => {
    const { url, close } = await byteServer(() => GOOD);
    await close();
    const nodes = await new NodeRegistryClient(url).getNodes();
    expect([...nodes]).toEqual([]);
    expect(nodes).toMatchObject({ stale: true, since: undefined, why: expect.stringContaining("ECONNREFUSED") });
  });

  it("that is empty is the truth", async () => {
    const answers = [GOOD, json([])];
    const { url } = await registry(() => answers.shift());
    const client = new NodeRegistryClient(url);
    await client.getNodes();
    expect(await client.getNodes()).toMatchObject({ length: 0, stale: false });
  });

  it("that is too long is cut off, not read", async () => {
    const piece = `"${"x".repeat(65_530)}",`;
    const endless = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n[${piece.repeat(1_100)}`;
    const { url } = await registry(() => endless);
    const nodes = await new NodeRegistryClient(url, { tries: 1, timeoutMs: 30_000 }).getNodes();
    expect(nodes.why).toContain("more than 67108864 bytes");
  });

  it("is asked for once by all who want it at the same time, and is each one's own", async () => {
    const { url, asked } = await registry(() => GOOD);
    const client = new NodeRegistryClient(url);
    const lists = await Promise.all(Array.from({ length: 20 }, () => client.getNodes()));
    expect(asked).toHaveLength(1);
    expect(lists.every(({ length, stale }) => length === 1 && !stale)).toBe(true);
    expect(new Set(lists).size).toBe(20);
  });
});

describe("a question", () => {
  it("is repeated until there is an answer, three times in all", async () => {
    const answers = [undefined, NO_LISTS["not ready"], GOOD];
    const { url, asked } = await registry(() => answers.shift());
    const client = new NodeRegistryClient(url);
    expect((await client.getNodes()).stale).toBe(false);
    expect((await client.getNodes()).stale).toBe(true);
    expect(asked).toHaveLength(6);
  });

  it.each(["400 Bad Request", "401 Unauthorized", "403 Forbidden"])(
    "that is refused with %s is not",
    async (status) => {
      const { url, asked } = await registry(() => json({ title: "no" }, status));
      const client = new NodeRegistryClient(url);
      expect(await client.getNodes()).toMatchObject({ stale: true, why: expect.stringContaining(status.slice(0, 3)) });
      await expect(client.getNode("n1")).rejects.toMatchObject({ code: "SERVER_REFUSED", retryable: false });
      expect(asked).toHaveLength(2);
    },
  );

  it.each(["429 Too Many Requests", "503 Service Unavailable"])("waits as long as %s says", async (status) => {
    const { url, asked } = await registry(() => json({}, status, ["retry-after: 120"]));
    const client = new NodeRegistryClient(url);
    await client.getNodes();
    const nodes = await client.getNodes({ role: "other" });
    expect(nodes).toMatchObject({ stale: true, why: expect.stringContaining("wants to be asked at") });
    expect(asked).toHaveLength(1);
  });

  it("is answered after a short Retry-After", async () => {
    const answers = [json({}, "429 Too Many Requests", ["retry-after: 0"]), GOOD];
    const { url } = await registry(() => answers.shift());
    expect((await new NodeRegistryClient(url).getNodes()).stale).toBe(false);
  });

  it("without an answer in time has none", async () => {
    const { url } = await registry(() => new Promise<Answer>(() => {}));
    expect((await new NodeRegistryClient(url, { timeoutMs: 50 }).getNodes()).why).toContain("no answer in");
  });
});

describe("one node", () => {
  it("is what the registry says, or that there is none", async () => {
    const { url, asked } = await registry(({ path }) =>
      path.endsWith("/n1") ? json(NODE) : json({ title: "no such node" }, "404 Not Found"),
    );
    const client = new NodeRegistryClient(url);
    expect(await client.getNode("n1")).toEqual(NODE);
    expect(await client.getNode("a/b")).toBeUndefined();
    expect(asked[1]?.path).toBe("/api/v1/nodes/a%2Fb");
  });

  it("that nobody answers for is an error, not an absence", async () => {
    const { url } = await registry(() => NO_LISTS["a page"]);
    await expect(new NodeRegistryClient(url).getNode("n1")).rejects.toMatchObject({ code: "SERVER_UNAVAILABLE" });
  });
});

describe("Retry-After", () => {
  it.each([
    ["120", 120_000],
    ["Thu, 01 Jan 2026 00:01:00 GMT", 60_000],
    ["Thu, 01 Jan 2020 00:00:00 GMT", 0],
    ["99999999", 3_600_000],
    ["soon", undefined],
  ])("%s is %s ms", (header, ms) => expect(retryAfterMs(header, Date.parse("2026-01-01T00:00:00Z"))).toBe(ms));
});
