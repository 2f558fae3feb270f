import { describe, expect, it } from "vitest";
import { nodeRegistry } from "../../app/modules/node-registry/module.ts";
import { testDomain } from "../../app/testing/index.ts";
import type { NodeState } from "../../contracts/node-registry/messages/state.ts";
import { nodeDrift } from "../../reducers/node-registry/consul.drift.ts";
import { serviceName } from "../../reducers/node-registry/consul.intents.ts";
import { Fault } from "../../runtime/core/fault.ts";
import type { Payload } from "../../runtime/core/message.ts";

const GPU = { node_id: "n1", hostname: "gpu-1", ip: "10.0.0.7", role: "inference-node", labels: ["gpu", "big"] };
const register = (more: Payload = {}) => ({ type: "RegisterNode", payload: { ...GPU, ...more } });
const beat = (more: Payload = {}) => ({ type: "NodeHeartbeat", payload: { node_id: "n1", ...more } });
const operator = (type: string, more: Payload = {}) => ({
  ...{ type, door: { caller: { id: "ann", privileged: true } } },
  payload: { node_id: "n1", by: "ann", reason: "new disks", ...more },
});
const MAINTENANCE = operator("TakeNodeOut", { mode: "maintenance" });

const nodes = (options: { readonly unset?: readonly string[] } = {}) =>
  testDomain<NodeState>(nodeRegistry, { domain: "node_registry", ...options });
type Nodes = ReturnType<typeof nodes>;

/** What Consul is asked for by messages, in short. */
const asked = (domain: Nodes, ...messages: readonly ReturnType<typeof beat>[]): readonly string[] => {
  for (const message of messages) domain.when(message);
  const decided = domain.decisions.slice(-messages.length || undefined);
  return decided.flatMap(({ intents }) =>
    intents.map(({ type, payload }) => {
      const { check } = payload as { readonly check?: { readonly status: string; readonly note: string } };
      return check ? `${type} ${check.status}: ${check.note}` : type;
    }),
  );
};
const passing = "consul.register passing: online";

describe("where Consul is configured, a node", () => {
  it("is a service while it is online: under its role, with address, labels and who it is", () => {
    const { intents } = nodes().when(register());
    expect(intents).toMatchObject([
      {
        target: "consul://service/node-n1",
        payload: {
          service_id: "node-n1",
          service_name: "node-inference-node",
          tags: ["gpu", "big"],
          ...{ address: "10.0.0.7", port: null },
          meta: { node_id: "n1", hostname: "gpu-1", role: "inference-node", status: "online" },
          check: { status: "passing", note: "online" },
        },
      },
    ]);
  });

  it("is written when it changes, and neither by beats nor by a registration that says nothing new", () => {
    const domain = nodes().given(register());
    expect(asked(domain, beat(), register())).toEqual([]);
    expect(asked(domain, register({ labels: ["gpu"] }))).toEqual([passing]);
    expect(domain.intents.at(-1)?.payload).toMatchObject({ tags: ["gpu"] });
  });

  it("goes with its silence, its goodbye and its revocation, and comes back with its next word", () => {
    const domain = nodes().given(register());
    expect(domain.advance("90s")[0]?.intents.map(({ type }) => type)).toEqual(["consul.deregister"]);
    expect(asked(domain, beat())).toEqual([passing]);
    expect(asked(domain, beat({ status: "offline" }))).toEqual(["consul.deregister"]);
    expect(asked(domain, register())).toEqual([passing]);
    expect(asked(domain, operator("RevokeNode"))).toEqual(["consul.deregister"]);
    expect(asked(domain, operator("ReadmitNode"))).toEqual([]);
    expect(asked(domain, register())).toEqual([passing]);
  });

  it("that is there no more is not taken back again when it is revoked", () => {
    const domain = nodes().given(register());
    domain.advance("90s");
    expect(asked(domain, operator("RevokeNode"))).toEqual([]);
  });

  it("that is out of service is not healthy, with the reason, whoever says so", () => {
    const domain = nodes().given(register());
    expect(asked(domain, MAINTENANCE)).toEqual(["consul.register critical: maintenance: new disks, by ann"]);
    expect(domain.intents.at(-1)?.payload["meta"]).toMatchObject({ status: "maintenance" });
    expect(asked(domain, operator("ReturnNode"))).toEqual([passing]);
    expect(asked(domain, beat({ status: "draining" }))).toEqual(["consul.register critical: draining: it says so"]);
    expect(asked(domain, beat())).toEqual([passing]);
  });

  it("that is silent and out of service is not there, and not healthy when it comes back", () => {
    const domain = nodes().given(register(), MAINTENANCE);
    domain.advance("90s");
    expect(asked(domain, operator("TakeNodeOut", { mode: "draining" }))).toEqual([]);
    expect(asked(domain, beat())).toEqual(["consul.register critical: draining: new disks, by ann"]);
    domain.advance("90s");
    expect(asked(domain, operator("ReturnNode"))).toEqual([]);
  });

  it("is online whatever Consul says, and what it is last counts", async () => {
    const away = new Fault("UNAVAILABLE", "no answer", { retryable: true });
    let isAway = true;
    const changes: string[] = [];
    const registry = {
      list: async () => [],
      apply: async (given: readonly { readonly kind: string }[]) => {
        if (!isAway) changes.push(...given.map(({ kind }) => kind));
        return given.map(() => (isAway ? away : ("written" as const)));
      },
    };
    const discovery = { services: async () => [], probe: async () => ({ version: "1" }) };
    const backends = { serviceCatalog: { registry, discovery } };
    const domain = testDomain<NodeState>(nodeRegistry, { domain: "node_registry", backends }).given(register());
    expect(domain.entity("n1")?.state).toBe("ONLINE");
    for (let tries = 0; tries < 50; tries++) expect(await domain.runEffects()).toEqual([]);
    expect(domain.entity("n1")).toMatchObject({ state: "ONLINE", data: { silent_because: null } });
    domain.given(beat({ status: "offline" }));
    isAway = false;
    await domain.runEffects();
    expect(changes.at(-1)).toBe("deregister");
    expect(domain.intents).toEqual([]);
  });

  it("has a name that DNS takes, and that no other service has", () => {
    expect(["worker", "GPU Node", "_a.b_", "vault"].map(serviceName)).toEqual([
      "node-worker",
      "node-gpu-node",
      "node-a-b",
      "node-vault",
    ]);
    const others = ["日本", "中国", "日本-gpu", "中国-gpu", "-", `${"long-".repeat(15)}a`, `${"long-".repeat(15)}b`];
    const names = others.map(serviceName);
    expect(new Set(names).size).toBe(others.length);
    for (const name of names) expect(name).toMatch(/^node-(?=.{1,58}$)[a-z0-9]+(-[a-z0-9]+)*$/);
  });

  it("has an id that differs from others' in more than case, as Consul needs it", () => {
    const ids = ["n1", "N1", "nA", "Na", "NA", "na"];
    const services = ids.map((node_id) => nodes().when(register({ node_id })).intents[0]?.payload["service_id"]);
    expect(services[0]).toBe("node-n1");
    expect(new Set(services.map((id) => String(id).toLowerCase())).size).toBe(ids.length);
  });

  it("has no address that means the caller's own machine", () => {
    const addressOf = (ip: string | null) => nodes().when(register({ ip })).intents[0]?.payload["address"];
    const own = ["0.0.0.0", "::", "0:0:0:0:0:0:0:0", "169.254.169.254", "::ffff:169.254.169.254", "fe80::1", null];
    expect(own.map(addressOf)).toEqual(own.map(() => null));
    expect(["10.0.0.7", "::1", "2001:db8::7"].map(addressOf)).toEqual(["10.0.0.7", "::1", "2001:db8::7"]);
  });

  it("has what Consul takes of a hostname, in whole characters", () => {
    const metaOf = (hostname: string) =>
      (nodes().when(register({ hostname })).intents[0]?.payload["meta"] as { readonly hostname: string }).hostname;
    for (const hostname of ["é".repeat(255), "好".repeat(255), "🦊".repeat(127), `a${"🦊".repeat(127)}`]) {
      const kept = metaOf(hostname);
      expect(hostname.startsWith(kept)).toBe(true);
      expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(512);
      expect(Buffer.byteLength(kept)).toBeGreaterThan(504);
      expect(kept).not.toMatch(/\p{Surrogate}/u);
    }
    expect(metaOf("h".repeat(255))).toBe("h".repeat(255));
  });
});

describe("where Consul is not configured", () => {
  it("nothing is asked for, and nothing else is kept or decided", () => {
    const messages = [
      ...[register(), beat({ status: "maintenance" }), beat(), MAINTENANCE, operator("ReturnNode")],
      ...[register({ labels: [] }), beat({ status: "offline" }), beat(), operator("RevokeNode")],
    ];
    const [without, withConsul] = [nodes({ unset: ["CONSUL_HTTP_ADDR"] }), nodes()].map((domain) =>
      domain.given(...messages),
    );
    expect(without?.intents).toEqual([]);
    expect(without?.decisions.flatMap(({ intents }) => intents)).toEqual([]);
    const decided = (domain: Nodes | undefined) =>
      domain?.decisions.map(({ message, result, reason, state, data, events }) => ({
        ...{ message, result, reason, state, data, events: events.map(({ type }) => type) },
      }));
    expect(decided(without)).toEqual(decided(withConsul));
    expect(without?.entity("n1")?.attempt).not.toHaveProperty("targets");
  });
});

describe("what Consul has of a node", () => {
  const entityOf = (domain: Nodes) => {
    const { id, state, data } = domain.entity("n1")!;
    return { id, state, data } as never;
  };
  /** As Consul would list it. */
  const heldOf = (domain: Nodes, more: object = {}) => {
    const { check, service_id, service_name, tags, address, port, meta } = domain.intents.at(-1)?.payload as Payload;
    const { status } = check as { readonly status: string };
    const { hostname, node_id, role, status: own } = meta as Record<string, string>;
    // Its keys are in another order.
    const listed = { status: own, role, node_id, hostname };
    const content = { service_id, service_name, tags, address, port, meta: listed, status, ...more } as Payload;
    return { entityId: "n1", version: 1, content };
  };
  const found = (...args: Parameters<typeof nodeDrift>) =>
    nodeDrift(...args).map(({ kind, description, intent }) => `${kind} ${intent.type}: ${description}`);

  it("differs in nothing when it is as it should be", () => {
    const domain = nodes().given(register());
    expect(found(entityOf(domain), [heldOf(domain)])).toEqual([]);
    domain.given(MAINTENANCE);
    expect(found(entityOf(domain), [heldOf(domain)])).toEqual([]);
  });

  it("is repaired: missing, altered, or left over", () => {
    const domain = nodes().given(register());
    const held = heldOf(domain);
    expect(found(entityOf(domain), [])).toEqual(["missing consul.register: node-n1 is missing"]);
    expect(found(entityOf(domain), [heldOf(domain, { status: "critical", meta: {} })])).toEqual([
      "altered consul.register: node-n1 differs in meta, status",
    ]);
    expect(found(entityOf(domain), [held, { ...held, content: { ...held.content, service_id: "node-old" } }])).toEqual([
      "leftover consul.deregister: node-old still exists",
    ]);
    domain.advance("90s");
    expect(found(entityOf(domain), [held])).toEqual(["leftover consul.deregister: node-n1 still exists"]);
    expect(found(entityOf(domain), [])).toEqual([]);
    expect(found(undefined, [held])).toEqual(["leftover consul.deregister: node-n1 still exists"]);
  });
});
