import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { httpTransport } from "../../client/http-transport.ts";
import { nodeMessage } from "../../client/messages.ts";
import { RollcallNode, type RollcallNodeOptions } from "../../client/rollcall-node.ts";
import { simulate } from "../../client/simulation.ts";
import type { Transport } from "../../client/transport.ts";
import { watchRegistrations } from "../../client/watch-registrations.ts";
import { type RunningSystem, runningSystem } from "./registration/running-system.ts";

let embedded: RunningSystem;
let transport: Transport;
let isMuted = false;

beforeAll(async () => {
  embedded = await runningSystem();
  transport = httpTransport({ url: embedded.url });
});
afterAll(async () => {
  await transport.close();
  await embedded.close();
});

const nodeOf = (nodeId: string, more: Partial<RollcallNodeOptions> = {}) =>
  new RollcallNode({ nodeId, nodeType: "effect", endpoints: { api: "http://10.0.0.1:80" }, transport, ...more });

/** Drops messages while `isMuted`. */
const mutable = (): Transport => ({
  ...transport,
  publish: (message) => (isMuted ? Promise.resolve() : transport.publish(message)),
});

async function stateOf(nodeId: string): Promise<unknown> {
  const response = await fetch(`${embedded.url}/api/v1/registrations/${nodeId}`);
  return ((await response.json()) as { state: unknown }).state;
}

describe("a node over HTTP", () => {
  it("becomes ACTIVE, and stays so by heartbeats beyond its first liveness deadline", async () => {
    const node = nodeOf("steady");
    await node.start();
    const [payload] = await node.next("active");
    expect(payload.capabilities).toEqual([]);
    await new Promise((resolve) => setTimeout(resolve, 4_500));
    expect(await stateOf("steady")).toBe("ACTIVE");
    await node.close();
  });

  it("expires without heartbeats, and registers again by itself", async () => {
    const node = nodeOf("sleepy", { transport: mutable() });
    await node.start();
    await node.next("active");
    isMuted = true;
    const [expired] = await node.next("expired");
    isMuted = false;
    const [active] = await node.next("active");
    expect(expired.attempt).toBe(1);
    expect(active.attempt).toBe(2);
    await node.close();
  });

  it("is deregistered when it closes, and a later process of it registers again", async () => {
    const node = nodeOf("leaving");
    await node.start();
    await node.next("active");
    await node.close();
    await expect.poll(() => stateOf("leaving")).toBe("DEREGISTERED");
    const successor = nodeOf("leaving");
    await successor.start();
    expect((await successor.next("active"))[0].attempt).toBe(2);
    await successor.close();
  });

  it("receives the event that an operator ended its registration", async () => {
    const node = nodeOf("unwanted");
    await node.start();
    await node.next("active");
    const deregistered = node.next("deregistered");
    await transport.publish(nodeMessage("NodeDeregister", { node_id: "unwanted", reason: "retired" }));
    expect((await deregistered)[0].reason).toBe("retired");
    expect(node.phase).toBe("ended");
    await node.close();
  });

  it("stays ACTIVE when it changes its description", async () => {
    const node = nodeOf("changing");
    await node.start();
    await node.next("active");
    const updates = await watchRegistrations(transport, { types: ["NodeUpdated"], nodeId: "changing" });
    node.update({ capabilities: ["db.write"] });
    for await (const { payload } of updates) {
      expect(payload.node.capabilities).toEqual(["db.write"]);
      break;
    }
    expect(await stateOf("changing")).toBe("ACTIVE");
    await node.close();
  });

  it("misses no answer that was given during an interruption of HTTP", async () => {
    const node = nodeOf("patient");
    await node.start();
    await node.next("active");
    const restore = await embedded.interruptHttp();
    const expired = node.next("expired");
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    expect(node.phase).toBe("active");
    await restore();
    await expired;
    await node.next("active");
    await node.close();
  });

  it("receives the reason for which a message is refused", async () => {
    const troubles: unknown[] = [];
    const node = nodeOf("bad", { endpoints: { api: "ftp://10.0.0.1" } });
    node.on("deliveryFailed", (error) => troubles.push(error));
    await node.start();
    await expect.poll(() => troubles.length).toBeGreaterThan(0);
    expect(troubles[0]).toMatchObject({ code: "MESSAGE_REFUSED", retryable: false });
    await node.close({ goodbye: false });
  });
});

describe("a simulation over HTTP", () => {
  it("ends with every node without a fault ACTIVE, and counts the faults of the others", async () => {
    const faults = { noAck: 0.1, silent: 0.1, duplicate: 0.2 };
    const summary = await simulate({
      transport,
      nodes: 20,
      rate: 10,
      durationMs: 12_000,
      seed: 7,
      goodbye: true,
      ...faults,
    });
    expect(summary).toMatchObject({ introspected: 20, accepted: 20, expectedActive: 18, neverActive: [], rejected: 0 });
    expect(summary.messagesFailed, summary.firstError ?? "").toBe(0);
    // At least so many: on a busy machine, nodes without a fault may expire and register again as well.
    expect(summary.active).toBeGreaterThanOrEqual(18);
    expect(summary.expired).toBeGreaterThanOrEqual(2);
    expect(summary.duplicatesSent).toBeGreaterThanOrEqual(4);
    expect(summary.latency.toActive.count).toBe(summary.active);
    expect(summary.latency.toActive.p50Ms).toBeGreaterThan(summary.latency.toAccepted.p50Ms);
  });
});
