import { afterAll, beforeAll, expect, it } from "vitest";
import { kafkaTransport } from "../../client/kafka-transport.ts";
import { RollcallNode } from "../../client/rollcall-node.ts";
import { simulate } from "../../client/simulation.ts";
import type { Transport } from "../../client/transport.ts";
import { watchRegistrations } from "../../client/watch-registrations.ts";
import { describeReal } from "../real/services/describe-real.ts";
import { type FreshDatabase, freshDatabase } from "../real/services/fresh-database.ts";
import { freshNamespace } from "../real/services/fresh-namespace.ts";
import { isProduceRequest, kafkaProxyFor } from "../real/services/kafka-proxy.ts";
import { type RunningSystem, runningSystem } from "./registration/running-system.ts";

describeReal("nodes over Kafka", (services) => {
  const namespace = freshNamespace();
  const brokers = services.kafka.split(",");
  let database: FreshDatabase;
  let running: RunningSystem;
  let transport: Transport;

  beforeAll(async () => {
    database = await freshDatabase(services.database);
    running = await runningSystem({
      KAFKA_BOOTSTRAP_SERVERS: services.kafka,
      DATABASE_URL: database.url,
      CONSUL_HTTP_ADDR: services.consul,
      ROLLCALL_NAMESPACE: namespace,
    });
    transport = kafkaTransport({ brokers, namespace });
  });
  afterAll(async () => {
    await transport.close();
    await running.close();
    await database.drop();
  });

  const nodeOf = (nodeId: string, over: Transport = transport) =>
    new RollcallNode({ nodeId, nodeType: "compute", endpoints: { api: "http://10.0.0.1:80" }, transport: over });

  async function stateOf(nodeId: string): Promise<unknown> {
    const response = await fetch(`${running.url}/api/v1/registrations/${nodeId}`);
    return ((await response.json()) as { state: unknown }).state;
  }

  it("become ACTIVE, stay so, and are deregistered when they close", async () => {
    const nodes = [nodeOf("k1"), nodeOf("k2"), nodeOf("k3")];
    const active = nodes.map((node) => node.next("active"));
    await Promise.all(nodes.map((node) => node.start()));
    await Promise.all(active);
    await new Promise((resolve) => setTimeout(resolve, 4_500));
    for (const { nodeId } of nodes) expect(await stateOf(nodeId)).toBe("ACTIVE");
    await Promise.all(nodes.map((node) => node.close()));
    for (const { nodeId } of nodes) await expect.poll(() => stateOf(nodeId), { timeout: 5_000 }).toBe("DEREGISTERED");
  });

  it("register again after an expiry, and a restarted node replaces its earlier process", async () => {
    let isMuted = false;
    const node = nodeOf("k4", {
      ...transport,
      publish: (message) => (isMuted ? Promise.resolve() : transport.publish(message)),
    });
    await node.start();
    await node.next("active");
    isMuted = true;
    await node.next("expired");
    isMuted = false;
    expect((await node.next("active"))[0].attempt).toBe(2);
    await node.close({ goodbye: false });
    const restarted = nodeOf("k4");
    await restarted.start();
    expect((await restarted.next("active"))[0].attempt).toBe(3);
    await restarted.close();
  });

  it("are visible to a watcher, in order and without a gap", async () => {
    const events = await watchRegistrations(transport, { nodeId: "k5" });
    const node = nodeOf("k5");
    await node.start();
    const seen = new Map<number, string>();
    for await (const { type, payload } of events) {
      seen.set(payload.entity_seq, type);
      if (seen.size === 4) break;
    }
    expect([...seen].sort(([a], [b]) => a - b)).toEqual([
      [1, "NodeRegistrationInitiated"],
      [2, "NodeRegistrationAccepted"],
      [3, "NodeRegistrationAckReceived"],
      [4, "NodeBecameActive"],
    ]);
    await node.close();
  });

  it("wait for a system that has no topics yet", async () => {
    const early = kafkaTransport({ brokers, namespace: freshNamespace() });
    const node = nodeOf("k6", early);
    let isStarted = false;
    void node.start().then(() => (isStarted = true));
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(isStarted).toBe(false);
    await node.close();
    await early.close();
  });

  it("miss no answer and lose no message while Kafka can't be reached", async () => {
    const proxy = await kafkaProxyFor(services);
    const cautious = kafkaTransport({ brokers: [proxy.bootstrapServers], namespace });
    const node = nodeOf("k7", cautious);
    try {
      await node.start();
      await node.next("active");
      const expired = node.next("expired");
      proxy.cut();
      await expect.poll(() => stateOf("k7"), { timeout: 10_000 }).toBe("LIVENESS_EXPIRED");
      expect(node.phase).toBe("active");
      proxy.restore();
      // The periodic introspection may have begun the new attempt before the end of the old one arrived.
      await Promise.race([expired, node.next("active")]);
      await expect.poll(() => node.phase, { timeout: 20_000 }).toBe("active");
      await expect.poll(() => stateOf("k7"), { timeout: 10_000 }).toBe("ACTIVE");
    } finally {
      await node.close({ goodbye: false });
      await cautious.close();
      await proxy.close();
    }
  });

  it("repeat a message that was not confirmed, which counts once", async () => {
    const proxy = await kafkaProxyFor(services);
    const cautious = kafkaTransport({ brokers: [proxy.bootstrapServers], namespace });
    const node = nodeOf("k8", cautious);
    try {
      const swallowed = proxy.swallowNextReply(isProduceRequest);
      await node.start();
      const active = node.next("active");
      await swallowed;
      expect((await active)[0].attempt).toBe(1);
      const events = await fetch(`${running.url}/api/v1/registrations/k8/timeline`);
      expect(await events.text()).toContain("already processed");
    } finally {
      await node.close();
      await cautious.close();
      await proxy.close();
    }
  });

  it("all become ACTIVE in a simulation, but those with a fault", async () => {
    const faults = { noAck: 0.05, silent: 0.05, duplicate: 0.1 };
    const summary = await simulate({
      transport,
      nodes: 200,
      rate: 50,
      durationMs: 20_000,
      seed: 3,
      goodbye: true,
      ...faults,
    });
    expect(summary).toMatchObject({
      introspected: 200,
      accepted: 200,
      expectedActive: 190,
      neverActive: [],
      messagesFailed: 0,
    });
    expect(summary.expired).toBeGreaterThanOrEqual(10);
    expect(summary.duplicatesSent).toBeGreaterThan(20);
  });
});
