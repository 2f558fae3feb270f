import { describe, expect, it } from "vitest";
import { nodeRegistry } from "../../app/modules/node-registry/module.ts";
import { testDomain } from "../../app/testing/index.ts";
import { derivedNodeId } from "../../contracts/node-registry/messages/commands.ts";
import type { NodeState } from "../../contracts/node-registry/messages/state.ts";
import { lastHeartbeatOf, leaseOf, statusOf } from "../../contracts/node-registry/messages/status.ts";
import type { Payload } from "../../runtime/core/message.ts";
import { viewOf } from "../../runtime/core/entity.ts";

const START = "2026-01-01T00:00:00.000Z";
const GPU = { node_id: "n1", hostname: "gpu-1", role: "inference-node", labels: ["gpu"] };

const nodes = (...registered: readonly Payload[]) => {
  const domain = testDomain<NodeState>(nodeRegistry, { domain: "node_registry" });
  for (const payload of registered) domain.given({ type: "RegisterNode", payload });
  return domain;
};
type Nodes = ReturnType<typeof nodes>;

const beat = (more: Payload = {}) => ({ type: "NodeHeartbeat", payload: { node_id: "n1", ...more } });
const OPERATOR = { caller: { id: "ann", privileged: true } };
const operator = (type: string, more: Payload = {}) => ({
  ...{ type, door: OPERATOR },
  payload: { node_id: "n1", by: "ann", reason: "new disks", ...more },
});
const MAINTENANCE = operator("TakeNodeOut", { mode: "maintenance" });
const RETURN = operator("ReturnNode");

function statusIn(domain: Nodes, id = "n1"): string {
  const { state, data } = domain.entity(id)!;
  return statusOf(state, data);
}
const eventTypes = (domain: Nodes): readonly string[] => domain.events.map(({ type }) => type);

describe("a registration", () => {
  it("makes a node online, with a lease that the next beat is due after a third of", () => {
    const domain = nodes(GPU);
    const entity = domain.entity("n1")!;
    expect(statusIn(domain)).toBe("online");
    expect(entity.data).toMatchObject({
      node: { hostname: "gpu-1", ip: null, role: "inference-node", labels: ["gpu"], metadata: {} },
      created_at: START,
      updated_at: START,
    });
    const machine = { states: new Map() } as never;
    expect(leaseOf(viewOf(entity, machine) as never, entity.stateSince)).toEqual({
      ttl_seconds: 90,
      next_heartbeat_at: "2026-01-01T00:00:30.000Z",
    });
  });

  it("in the other vocabulary is the same one", () => {
    const other = {
      node_id: "n1",
      hostname: null,
      node_name: "gpu-1",
      node_role: "inference-node",
      local_ip: "10.0.0.7",
      capabilities: ["gpu", "gpu"],
      zone: "a",
      metadata: { zone: "b", owner: null },
    };
    const expected = { ...GPU, ip: "10.0.0.7", metadata: { zone: "b" } };
    const [decision] = nodes(other).decisions;
    expect(decision?.data?.node).toEqual(nodes(expected).decisions[0]?.data?.node);
    const described = nodes({ ...GPU, labels: null, capabilities: { cpu: 4 } }).decisions[0]?.data?.node;
    expect(described).toMatchObject({ labels: [], metadata: { cpu: 4 } });
  });

  it("names what is wrong as it was sent", () => {
    const refused = (payload: Payload) => nodes().when("RegisterNode", payload).reason;
    expect(refused({ node_name: 7, role: "r" })).toMatch(/^\/node_name: /);
    expect(refused({ hostname: "", role: "r" })).toMatch(/^\/hostname: /);
    expect(refused({ hostname: "h", node_role: "r".repeat(101) })).toMatch(/^\/node_role: /);
    expect(refused({ hostname: "h", role: "r", ip_address: "10.0.0" })).toMatch(/^\/ip_address: /);
    expect(refused({ role: "r" })).toMatch(/^\/hostname: /);
    expect(refused({ hostname: null, node_name: null, role: "r" })).toMatch(/^\/hostname: /);
    expect(refused({ ...GPU, labels: ["a\nb"] })).toMatch(/^\/labels\/0: /);
    expect(refused({ ...GPU, metadata: { text: "x".repeat(16_384) } })).toMatch(/^\/metadata: /);
    expect(refused({ ...GPU, node_id: "a b" })).toMatch(/^\/node_id: /);
  });

  it("without an id is the same node whenever host and role are", () => {
    const { node_id: _, ...anonymous } = GPU;
    const domain = nodes(anonymous);
    domain.when("RegisterNode", anonymous);
    const id = derivedNodeId("gpu-1", "inference-node");
    expect(domain.decisions.map(({ entityId, result }) => [entityId, result])).toEqual([
      [id, "changed"],
      [id, "absorbed"],
    ]);
    expect(domain.when("RegisterNode", { ...anonymous, role: "router" }).entityId).not.toBe(id);
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5/);
  });

  it("that says nothing new counts as a beat, and one that does is an event", () => {
    const domain = nodes(GPU);
    domain.advance("60s");
    expect(domain.when("RegisterNode", GPU)).toMatchObject({ result: "absorbed", deadlines: { lease: 90_000 } });
    domain.advance("60s");
    expect(domain.when("RegisterNode", { ...GPU, metadata: { zone: "a" } })).toMatchObject({
      events: [{ type: "NodeUpdated" }],
      data: { created_at: START, updated_at: "2026-01-01T00:02:00.000Z" },
      deadlines: { lease: 90_000 },
    });
  });

  it("under the id of another host counts only when that one is offline", () => {
    const domain = nodes(GPU);
    const other = { ...GPU, hostname: "gpu-2" };
    expect(domain.when("RegisterNode", other)).toMatchObject({
      declined: { code: "NODE_ID_TAKEN", kind: "conflict", details: { held_by: "gpu-1", asked_by: "gpu-2" } },
    });
    expect(domain.entity("n1")?.data.node?.hostname).toBe("gpu-1");
    domain.advance("90s");
    expect(domain.when("RegisterNode", other)).toMatchObject({
      events: [{ type: "NodeRegistered", payload: { previous_hostname: "gpu-1" } }],
      state: "ONLINE",
      data: { created_at: START, node: { hostname: "gpu-2" } },
    });
  });
});

describe("silence", () => {
  it("makes a node offline when its lease is over, and a beat makes it online again", () => {
    const domain = nodes(GPU);
    domain.advance("60s");
    expect(domain.when(beat())).toMatchObject({ result: "renewed", events: [] });
    expect(domain.advance("89999ms")).toEqual([]);
    expect(domain.advance("1ms")).toMatchObject([
      {
        state: "OFFLINE",
        events: [{ payload: { last_heartbeat_at: "2026-01-01T00:01:00.000Z" } }],
        data: { silent_because: "no heartbeat within its lease", updated_at: START },
      },
    ]);
    expect(statusIn(domain)).toBe("offline");
    expect(domain.when(beat())).toMatchObject({ state: "ONLINE", data: { silent_because: null } });
  });

  it("by a node's own word is at once", () => {
    const domain = nodes(GPU);
    expect(domain.when(beat({ status: "Offline" }))).toMatchObject({
      state: "OFFLINE",
      data: { silent_because: "it said so" },
      deadlines: {},
    });
    expect(domain.when(beat({ status: "offline" })).result).toBe("no_op");
  });

  it("of a node that is not registered, or was revoked, ends with no beat", () => {
    expect(nodes().when(beat())).toMatchObject({ state: null, declined: { code: "NODE_NOT_FOUND" } });
    const domain = nodes(GPU).given(operator("RevokeNode"));
    expect(domain.when(beat()).declined?.code).toBe("NODE_REVOKED");
    expect(domain.when("RegisterNode", GPU).declined?.kind).toBe("forbidden");
    expect(statusIn(domain)).toBe("revoked");
    expect(domain.given(operator("ReadmitNode")).when("RegisterNode", GPU).state).toBe("ONLINE");
  });
});

describe("the last heartbeat", () => {
  const MACHINE = { states: new Map() } as never;
  const lastIn = (domain: Nodes): string | null => lastHeartbeatOf(viewOf(domain.entity("n1")!, MACHINE) as never);

  it("is none until a beat came, and no operator moves it", () => {
    const domain = nodes(GPU);
    domain.advance("10s");
    domain.given(MAINTENANCE);
    expect(lastIn(domain)).toBeNull();
    domain.when(beat());
    domain.advance("10s");
    domain.given(RETURN);
    expect(lastIn(domain)).toBe("2026-01-01T00:00:10.000Z");
  });

  it("stays known in silence, across a registration and a revocation", () => {
    const domain = nodes(GPU);
    domain.advance("10s");
    domain.when(beat());
    domain.advance("90s");
    domain.given({ type: "RegisterNode", payload: GPU });
    expect(lastIn(domain)).toBe("2026-01-01T00:00:10.000Z");
    domain.advance("1s");
    domain.when(beat());
    domain.advance("5s");
    domain.given(operator("RevokeNode"));
    expect(lastIn(domain)).toBe("2026-01-01T00:01:41.000Z");
  });

  it("is the one with which a node came back, or went", () => {
    const domain = nodes(GPU);
    domain.advance("100s");
    domain.given(beat());
    expect(lastIn(domain)).toBe("2026-01-01T00:01:40.000Z");
    domain.advance("1s");
    domain.given(beat({ status: "offline" }));
    expect(lastIn(domain)).toBe("2026-01-01T00:01:41.000Z");
  });
});

describe("a node's own word", () => {
  it("is an event when it changes, lasts as long as it is repeated and is leased as before", () => {
    const domain = nodes(GPU);
    domain.given(beat({ status: "maintenance" }));
    expect(statusIn(domain)).toBe("maintenance");
    domain.advance("80s");
    expect(domain.when(beat({ status: "maintenance" }))).toMatchObject({ result: "renewed", events: [] });
    domain.given(beat({ status: "draining" }));
    expect(statusIn(domain)).toBe("draining");
    domain.given(beat());
    expect(statusIn(domain)).toBe("online");
    expect(eventTypes(domain).slice(1)).toEqual(["NodeSaid", "NodeSaid", "NodeSaid"]);
    expect(domain.advance("90s")).toMatchObject([{ state: "OFFLINE" }]);
  });

  it("ends with a registration without it, and with silence", () => {
    const domain = nodes(GPU).given(beat({ status: "maintenance" }));
    domain.given({ type: "RegisterNode", payload: GPU });
    expect(domain.entity("n1")?.data).toMatchObject({ said: null, updated_at: START });
    domain.given(beat({ status: "maintenance" }));
    domain.advance("90s");
    expect(statusIn(domain)).toBe("offline");
    domain.given(beat());
    expect(statusIn(domain)).toBe("online");
  });

  it("that nobody knows is refused", () => expect(nodes(GPU).when(beat({ status: "busy" })).deadLetter).toBeDefined());
});

describe("an operator's word", () => {
  it("stays across beats, registrations, silence and the node's own word, until an operator ends it", () => {
    const domain = nodes(GPU).given(MAINTENANCE);
    const said = { mode: "maintenance", by: "ann", reason: "new disks", since: START };
    const stays = (): void => {
      expect(statusIn(domain)).toBe("maintenance");
      expect(domain.entity("n1")?.data.taken_out).toEqual(said);
    };
    domain.when(beat());
    stays();
    domain.when("RegisterNode", GPU);
    stays();
    domain.given(beat({ status: "draining" }));
    stays();
    expect(domain.advance("90s")).toMatchObject([{ state: "SILENT", events: [{ type: "NodeFellSilent" }] }]);
    stays();
    domain.given({ type: "RegisterNode", payload: GPU });
    expect(domain.entity("n1")?.state).toBe("ONLINE");
    stays();
    domain.given(RETURN);
    expect(statusIn(domain)).toBe("online");
  });

  it("of a silent node leaves it offline when it ends, where it may become stale", () => {
    const domain = nodes(GPU);
    domain.advance("90s");
    domain.given(MAINTENANCE);
    expect(domain.entity("n1")).toMatchObject({
      state: "SILENT",
      data: { silent_because: "no heartbeat within its lease" },
    });
    expect(statusIn(domain)).toBe("maintenance");
    expect(domain.when(RETURN)).toMatchObject({ state: "OFFLINE", data: { taken_out: null } });
    expect(domain.when(RETURN).result).toBe("no_op");
  });

  it("may change from maintenance to draining, and says each time by whom", () => {
    const domain = nodes(GPU).given(MAINTENANCE);
    expect(domain.when(MAINTENANCE).result).toBe("no_op");
    domain.given(operator("TakeNodeOut", { mode: "draining", by: "bob" }));
    expect(domain.entity("n1")?.data.taken_out).toMatchObject({ mode: "draining", by: "bob" });
  });

  it("is known by the door of its message: nobody else decides, whatever the message says", () => {
    const domain = nodes(GPU);
    for (const type of ["TakeNodeOut", "ReturnNode", "RevokeNode", "ReadmitNode"]) {
      const { payload, ...sent } = operator(type, { mode: "draining" });
      const node = { caller: { id: "n1", roles: ["node"] } };
      expect(domain.when({ ...sent, payload, door: node }).declined?.code).toBe("OPERATOR_REQUIRED");
      expect(domain.when({ type, payload }).declined?.code).toBe("DOOR_REQUIRED");
    }
    expect(statusIn(domain)).toBe("online");
  });

  it("needs a name", () =>
    expect(nodes(GPU).when("TakeNodeOut", { node_id: "n1", mode: "draining" }).deadLetter).toBe("INVALID_PAYLOAD"));
});

describe("a profile", () => {
  const profile = (config: Payload) => ({
    type: "SetProfile",
    door: OPERATOR,
    payload: { role: "inference-node", config, by: "ann" },
  });

  it("is an operator's to say", () => {
    const { door: _, ...sent } = profile({ models: ["a"] });
    const domain = testDomain(nodeRegistry, { domain: "node_profile" });
    expect(domain.when(sent).declined?.code).toBe("DOOR_REQUIRED");
    expect(domain.when({ ...sent, door: { caller: { id: "n1", roles: ["node"] } } }).declined?.code).toBe(
      "OPERATOR_REQUIRED",
    );
  });

  it("is an event when it changes", () => {
    const domain = testDomain(nodeRegistry, { domain: "node_profile" }).given(profile({ models: ["a"] }));
    domain.advance("1h");
    expect(domain.when(profile({ models: ["a"] }))).toMatchObject({ result: "no_op" });
    expect(domain.when(profile({ models: [] }))).toMatchObject({
      events: [{ type: "ProfileChanged", payload: { role: "inference-node", config: { models: [] }, by: "ann" } }],
      data: { created_at: START, updated_at: "2026-01-01T01:00:00.000Z" },
    });
  });
});
