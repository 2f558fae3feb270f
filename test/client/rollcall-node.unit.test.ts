import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RollcallNode, type RollcallNodeOptions } from "../../client/rollcall-node.ts";
import { FakeTransport } from "./registration/fake-transport.ts";

let system: FakeTransport;
const nodes: RollcallNode[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  system = new FakeTransport();
});
afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.close({ goodbye: false })));
  vi.useRealTimers();
});

async function started(more: Partial<RollcallNodeOptions> = {}): Promise<RollcallNode> {
  const node = new RollcallNode({ nodeId: "n1", nodeType: "effect", transport: system, random: () => 0.5, ...more });
  nodes.push(node);
  await node.start();
  return node;
}

async function active(more: Partial<RollcallNodeOptions> = {}): Promise<RollcallNode> {
  const node = await started(more);
  system.answer("NodeRegistrationAccepted");
  system.answer("NodeBecameActive");
  return node;
}

const introspections = () => system.of("NodeIntrospectionEvent");
const acks = () => system.of("NodeRegistrationAcked");
const heartbeats = () => system.of("NodeHeartbeatEvent");

describe("a node that introspects", () => {
  it("sends its whole description, with its start time as the epoch", async () => {
    vi.setSystemTime(1_767_268_800_000);
    await started({
      nodeVersion: "1.2.3",
      capabilities: ["db.read"],
      endpoints: { api: "http://10.0.0.1:80" },
      metadata: { zone: "a" },
    });
    expect(introspections()[0]?.payload).toMatchObject({
      node_id: "n1",
      node_type: "effect",
      node_version: "1.2.3",
      capabilities: ["db.read"],
      endpoints: { api: "http://10.0.0.1:80" },
      metadata: { zone: "a" },
      reason: "startup",
      epoch: 1_767_268_800_000,
      correlation_id: introspections()[0]?.correlationId,
    });
  });

  it("subscribes before its first message", async () => {
    const order: string[] = [];
    const subscribe = system.subscribe.bind(system);
    const publish = system.publish.bind(system);
    system.subscribe = (id, listener) => (order.push("listens"), subscribe(id, listener));
    system.publish = (message) => (order.push("speaks"), publish(message));
    await started();
    expect(order).toEqual(["listens", "speaks"]);
  });

  it("repeats its introspection at growing intervals, as new messages of the same request", async () => {
    await started();
    await vi.advanceTimersByTimeAsync(4_900);
    expect(introspections()).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(100);
    expect(introspections()).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(introspections()).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(introspections().length).toBeLessThan(30);
    expect(new Set(introspections().map(({ correlationId }) => correlationId)).size).toBe(1);
    expect(new Set(introspections().map(({ id }) => id)).size).toBe(introspections().length);
  });

  it("continues when a message can't be delivered, and emits an error", async () => {
    system.failure = new Error("no broker");
    const troubles: unknown[] = [];
    const node = new RollcallNode({ nodeId: "n1", nodeType: "effect", transport: system });
    nodes.push(node);
    node.on("deliveryFailed", (error) => troubles.push(error));
    await node.start();
    await vi.advanceTimersByTimeAsync(7_000);
    expect(introspections().length).toBeGreaterThan(1);
    expect(troubles[0]).toBe(system.failure);
  });

  it("needs no listener for errors", async () => {
    system.failure = new Error("no broker");
    await expect(started()).resolves.toBeDefined();
    await vi.advanceTimersByTimeAsync(10);
  });
});

describe("a node that is accepted", () => {
  it("ACKs that attempt, by its id and its request, and emits accepted", async () => {
    const node = await started();
    const accepted: string[] = [];
    node.on("accepted", ({ service_id }) => accepted.push(service_id));
    system.answer("NodeRegistrationAccepted");
    expect(acks().map(({ payload }) => payload)).toEqual([
      { node_id: "n1", registration_attempt_id: "a1", correlation_id: system.correlationId },
    ]);
    expect(accepted).toEqual(["onex-effect-n1"]);
    expect(node.phase).toBe("accepted");
  });

  it("does not answer an attempt of another process", async () => {
    const node = await started();
    system.answer("NodeRegistrationAccepted", { correlation_id: "another process' request" });
    expect(acks()).toEqual([]);
    expect(node.phase).toBe("introspecting");
  });

  it("does not answer for another node", async () => {
    await started();
    system.answer("NodeRegistrationAccepted", { node_id: "n2" });
    expect(acks()).toEqual([]);
  });

  it("repeats its ACK, not its introspection, until it is active", async () => {
    await started();
    system.answer("NodeRegistrationAccepted");
    await vi.advanceTimersByTimeAsync(20_000);
    expect(introspections()).toHaveLength(1);
    expect(acks().length).toBeGreaterThan(2);
    const ids = new Set(acks().map(({ payload }) => payload.registration_attempt_id));
    expect([...ids]).toEqual(["a1"]);
    system.answer("NodeBecameActive");
    const said = acks().length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(acks()).toHaveLength(said);
  });

  it("emits accepted once for an acceptance that was published twice, and ACKs again", async () => {
    const node = await started();
    let told = 0;
    node.on("accepted", () => told++);
    system.answer("NodeRegistrationAccepted", { entity_seq: 2 });
    system.answer("NodeRegistrationAccepted", { entity_seq: 2 });
    expect(told).toBe(1);
    expect(acks()).toHaveLength(2);
  });

  it("introspects again after its deadline when no event arrived", async () => {
    await started();
    system.answer("NodeRegistrationAccepted");
    await vi.advanceTimersByTimeAsync(40_000);
    expect(introspections().length).toBeGreaterThan(1);
  });

  it("ACKs the new attempt when its repeated introspection began one", async () => {
    await active();
    system.answer("NodeRegistrationAccepted", { registration_attempt_id: "a2", attempt: 2 });
    expect(acks().at(-1)?.payload.registration_attempt_id).toBe("a2");
    // The end of the first attempt arrives late, from another topic.
    system.answer("NodeLivenessExpired", { registration_attempt_id: "a1" });
    await vi.advanceTimersByTimeAsync(1_500);
    expect(introspections()).toHaveLength(1);
  });

  it("registers again, as a new request, after an ACK that timed out", async () => {
    const node = await started();
    const timedOut: string[] = [];
    node.on("timedOut", ({ deadline_at }) => timedOut.push(deadline_at));
    const first = system.correlationId;
    system.answer("NodeRegistrationAccepted");
    system.answer("NodeRegistrationAckTimedOut");
    await vi.advanceTimersByTimeAsync(500);
    expect(timedOut).toHaveLength(1);
    expect(introspections()).toHaveLength(2);
    expect(system.correlationId).not.toBe(first);
    system.answer("NodeRegistrationAccepted", { registration_attempt_id: "a2", attempt: 2 });
    expect(acks().at(-1)?.payload.registration_attempt_id).toBe("a2");
  });

  it("registers again even if it never received its acceptance", async () => {
    await started();
    const first = system.correlationId;
    system.answer("NodeRegistrationAckTimedOut");
    await vi.advanceTimersByTimeAsync(500);
    expect(system.correlationId).not.toBe(first);
  });

  it("waits longer each time when its ACKs time out", async () => {
    await started();
    for (let attempt = 1; attempt <= 8; attempt++) {
      system.answer("NodeRegistrationAckTimedOut", { registration_attempt_id: `a${attempt}`, attempt });
      await vi.advanceTimersByTimeAsync(40_000);
    }
    const before = introspections().length;
    system.answer("NodeRegistrationAckTimedOut", { registration_attempt_id: "a9", attempt: 9 });
    await vi.advanceTimersByTimeAsync(20_000);
    expect(introspections()).toHaveLength(before);
  });
});

describe("a node that is active", () => {
  it("emits active, and sends a heartbeat every third of the liveness time, with jitter", async () => {
    const random = [0.5, 0, 1, 0.5];
    let next = 0;
    const node = await active({ random: () => random[next++ % random.length] ?? 0 });
    expect(node.phase).toBe("active");
    await vi.advanceTimersByTimeAsync(29_000);
    expect(heartbeats().length).toBeGreaterThanOrEqual(2);
    await vi.advanceTimersByTimeAsync(300_000 - 29_000);
    const said = heartbeats().length + introspections().length - 1;
    expect(said).toBeGreaterThan(25);
    expect(said).toBeLessThan(35);
  });

  it("uses the heartbeat interval of its options", async () => {
    await active({ heartbeatMs: 1_000 });
    await vi.advanceTimersByTimeAsync(9_200);
    expect(heartbeats()).toHaveLength(9);
  });

  it("sends the figures of its options", async () => {
    await active({ heartbeatMetrics: () => ({ cpu_usage_percent: 12, active_operations_count: 3 }) });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(heartbeats()[0]?.payload).toEqual({ node_id: "n1", cpu_usage_percent: 12, active_operations_count: 3 });
  });

  it("introspects instead at intervals, which registers it again if it missed its end", async () => {
    await active({ heartbeatMs: 1_000 });
    await vi.advanceTimersByTimeAsync(11_000);
    expect(introspections().map(({ payload }) => payload.reason)).toEqual(["startup", "heartbeat"]);
  });

  it("registers again, as a new request, after an expiry", async () => {
    const node = await active();
    const expired: string[] = [];
    node.on("expired", ({ registration_attempt_id }) => expired.push(registration_attempt_id));
    const first = system.correlationId;
    system.answer("NodeLivenessExpired");
    expect(node.phase).toBe("introspecting");
    await vi.advanceTimersByTimeAsync(500);
    expect(expired).toEqual(["a1"]);
    expect(system.correlationId).not.toBe(first);
    const said = heartbeats().length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(heartbeats()).toHaveLength(said);
  });

  it("ignores the expiry of an attempt that is not its own", async () => {
    const node = await active();
    system.answer("NodeLivenessExpired", { registration_attempt_id: "a0", correlation_id: "of another process" });
    expect(node.phase).toBe("active");
  });

  it("ignores events older than those it has received", async () => {
    const node = await active();
    system.answer("NodeLivenessExpired", { entity_seq: 1 });
    expect(node.phase).toBe("active");
  });

  it("sends a changed description and stays active", async () => {
    const node = await active();
    node.update({ capabilities: ["db.write"] });
    expect(introspections().at(-1)?.payload).toMatchObject({ reason: "capability_change", capabilities: ["db.write"] });
    expect(node.phase).toBe("active");
    await vi.advanceTimersByTimeAsync(10_000);
    expect(heartbeats().length).toBeGreaterThan(0);
  });

  it("follows a change that makes the system register it again", async () => {
    const node = await active();
    node.update({ nodeType: "compute" });
    system.answer("NodeRegistrationAccepted", { registration_attempt_id: "a2", attempt: 2 });
    expect(acks().at(-1)?.payload.registration_attempt_id).toBe("a2");
  });
});

describe("a node that is refused or deregistered", () => {
  it("registers again, much later, when a backend has refused it", async () => {
    const node = await started();
    const reasons: string[] = [];
    node.on("rejected", ({ rejection_reason }) => reasons.push(rejection_reason));
    system.answer("NodeRegistrationRejected");
    expect(reasons).toEqual(["consul: REFUSED no"]);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(introspections()).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(introspections().length).toBeGreaterThan(1);
  });

  it("sends nothing after an operator has deregistered it, until it is started again", async () => {
    const node = await active();
    system.answer("NodeDeregistered");
    const said = system.said.length;
    await vi.advanceTimersByTimeAsync(600_000);
    expect(system.said).toHaveLength(said);
    expect(node.phase).toBe("ended");
    await node.start();
    expect(system.said).toHaveLength(said + 1);
  });
});

describe("a node that closes", () => {
  it("sends a shutdown with this process's epoch, and nothing after it", async () => {
    const node = await active();
    await node.close();
    expect(introspections().at(-1)?.payload).toMatchObject({ reason: "shutdown", epoch: node.epoch });
    const said = system.said.length;
    system.answer("NodeLivenessExpired");
    await vi.advanceTimersByTimeAsync(600_000);
    await node.close();
    expect(system.said).toHaveLength(said);
    expect(system.isHeard("n1")).toBe(false);
  });

  it("sends nothing when closed without goodbye", async () => {
    const node = await active();
    const said = system.said.length;
    await node.close({ goodbye: false });
    expect(system.said).toHaveLength(said);
  });

  it("sends nothing if it was never started", async () => {
    const node = new RollcallNode({ nodeId: "n1", nodeType: "effect", transport: system });
    await node.close();
    expect(system.said).toEqual([]);
    await expect(node.start()).rejects.toThrow("closed");
  });
});
