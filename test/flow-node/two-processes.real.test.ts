import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { NodeBody } from "../../app/modules/flow-node/bodies.ts";
import { describeReal } from "../real/services/describe-real.ts";
import { RealFlowRegistry } from "./real-flow-registry.ts";
import { FLOWS, PATHS } from "./text-flows.ts";

const NODES = Array.from({ length: 8 }, (_, nth) => `flows-${nth}.example.com`);
const LEASE_MS = 4_000;
const A = 0;
const B = 1;

describeReal("a registry of flow nodes in two processes", (services) => {
  let registry: RealFlowRegistry;
  beforeAll(async () => {
    registry = await RealFlowRegistry.open(
      services,
      [
        ["orchestrator", "after: { longer_than: 300s }", "after: { longer_than: 4s }"],
        ["orchestrator", "renewed_for: { longer_than: 300s }", "renewed_for: { longer_than: 4s }"],
        // They are not what this is about, and all of them are silent here.
        ["orchestrator", "max_ratio: 0.3, min_count: 5", "max_ratio: 1, min_count: 100"],
      ],
      { FLOW_NODES_ASK_EVERY: "1s" },
    );
  });
  afterAll(() => registry?.close());

  const listed = async (at: number, query = ""): Promise<readonly NodeBody[]> =>
    (await registry.ask<{ nodes: readonly NodeBody[] }>(at, "GET", `/nodes${query}`)).nodes;
  const one = async (at: number, node: string) => (await listed(at, `?node=${node}`))[0];

  it("lists at the one what was connected at the other, at once and alike", async () => {
    for (const [nth, node] of NODES.entries()) {
      const [here, there] = nth % 2 === 0 ? [A, B] : [B, A];
      await registry.ask(here, "POST", "/register", { node });
      const connection = await registry.ask<{ flows: string[]; warnings: string[] }>(there, "POST", "/connect", {
        node,
        flows: FLOWS,
      });
      expect(connection.flows).toEqual(PATHS);
      expect(connection.warnings).toHaveLength(nth === 0 ? 0 : PATHS.length);
      expect((await one(here, node))?.flows).toEqual(FLOWS);
      const beat = await registry.ask<{ heartbeat: string }>(here, "PUT", "/state", { node });
      expect((await one(there, node))?.heartbeat).toBe(beat.heartbeat);
    }
  });

  it("keeps one alive that only answers, asked by one of them, while all others count as not alive", async () => {
    let asked = 0;
    const server = createServer((_request, response) => {
      asked++;
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ asked: "yes" }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const node = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      await registry.ask(A, "POST", "/register", { node });
      await registry.ask(B, "POST", "/connect", { node, flows: [] });
      const ageOf = (body: NodeBody | undefined): number =>
        Date.parse(body?.heartbeat ?? "") - Date.parse(body?.online ?? "");
      await expect.poll(async () => ageOf(await one(A, node)), { timeout: 30_000 }).toBeGreaterThan(LEASE_MS);
      expect(await one(B, node)).toMatchObject({ alive: true, state: { asked: "yes" } });
      await expect
        .poll(async () => (await listed(B, "?status=not_alive")).map((each) => each.node), { timeout: 30_000 })
        .toEqual(NODES);
      const answers = await Promise.all([A, B].map((at) => registry.ask<string>(at, "GET", "/metrics")));
      const counts = answers.map((text) => Number(/result="answered"\} (\d+)/.exec(text)?.[1]));
      expect(counts.toSorted()[0]).toBe(0);
      expect(Math.max(...counts)).toBeGreaterThanOrEqual(1);
      expect(asked).toBeGreaterThanOrEqual(Math.max(...counts));
    } finally {
      server.close().closeAllConnections();
    }
  });

  it("loses a process that is told to leave, and no list with it", async () => {
    const before = (await listed(B)).map(({ node, flows }) => ({ node, flows }));
    await registry.ask(A, "POST", "/shutdown");
    expect(await registry.processes[A]?.ended).toEqual({ code: 0, signal: null });
    expect((await listed(B)).map(({ node, flows }) => ({ node, flows }))).toEqual(before);
    await expect
      .poll(() => registry.ask(B, "PUT", "/state", { node: NODES[0] }).catch(() => undefined), { timeout: 30_000 })
      .toMatchObject({ alive: true });
    expect(registry.leaks).toEqual([]);
  });
});
