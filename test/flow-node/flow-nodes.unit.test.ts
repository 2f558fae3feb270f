import { describe, expect, it } from "vitest";
import { flowNodes } from "../../app/modules/flow-node/module.ts";
import { testDomain } from "../../app/testing/index.ts";
import { type FlowNodeState, heartbeatOf } from "../../contracts/flow-node/messages/state.ts";
import type { SentMessage } from "../../app/testing/decision.ts";
import type { Payload } from "../../runtime/core/message.ts";
import { FLOWS, NODE, PATHS } from "./text-flows.ts";

const START = "2026-01-01T00:00:00.000Z";
const OPERATOR = { caller: { id: "ann", privileged: true } };
const decided = (type: "AdmitNode" | "RevokeNode", more: object = { door: OPERATOR }) => ({
  ...{ type, payload: { node: NODE, by: "ann" } },
  ...more,
});
const connect = (flows: readonly object[] = FLOWS) => ({
  type: "ConnectNode",
  payload: { node: NODE, flows } as Payload,
});
const DISCONNECT = { type: "DisconnectNode", payload: { node: NODE } };
const beat = (more: Payload = {}) => ({ type: "NodeBeat", payload: { node: NODE, ...more } });

const nodes = () => testDomain<FlowNodeState>(flowNodes, { domain: "flow_node" });
const connected = () => nodes().given(decided("AdmitNode")).given(connect());
type Nodes = ReturnType<typeof nodes>;
const heartbeatIn = (domain: Nodes): string | null => heartbeatOf(domain.entity(NODE) as never);
const codeOf = (domain: Nodes, message: SentMessage): string | undefined => domain.when(message).declined?.code;

describe("an admission", () => {
  it("is an operator's, once, and again after a revocation", () => {
    const domain = nodes();
    for (const door of [{ caller: { id: NODE, privileged: false } }, {}])
      expect(codeOf(domain, decided("AdmitNode", { door }))).toBe("OPERATOR_REQUIRED");
    expect(domain.when(decided("AdmitNode"))).toMatchObject({
      state: "ADMITTED",
      data: { admitted: { by: "ann", reason: null, since: START }, online: null, flows: [] },
    });
    expect(domain.when(decided("AdmitNode")).result).toBe("no_op");
    domain.given(connect()).given(decided("RevokeNode"));
    expect(domain.when(decided("AdmitNode"))).toMatchObject({ state: "ADMITTED", data: { flows: [], revoked: null } });
  });

  it("is what a node needs: nobody else connects, beats or leaves", () => {
    expect(codeOf(nodes(), connect())).toBe("NODE_NOT_ADMITTED");
    expect(codeOf(nodes(), beat())).toBe("NODE_NOT_FOUND");
    expect(codeOf(nodes(), DISCONNECT)).toBe("NODE_NOT_FOUND");
    expect(codeOf(nodes(), decided("RevokeNode"))).toBe("NODE_NOT_FOUND");
    const admitted = nodes().given(decided("AdmitNode"));
    expect(codeOf(admitted, beat())).toBe("NODE_DISCONNECTED");
    expect(admitted.when(DISCONNECT).result).toBe("no_op");
  });

  it("ends with its revocation, and all that the node calls next is forbidden", () => {
    const domain = connected();
    expect(codeOf(domain, decided("RevokeNode", { door: {} }))).toBe("OPERATOR_REQUIRED");
    domain.advance("7s");
    expect(domain.when(decided("RevokeNode"))).toMatchObject({
      state: "REVOKED",
      data: { online: null, heartbeat: START },
    });
    for (const message of [connect(), beat(), DISCONNECT]) expect(codeOf(domain, message)).toBe("NODE_REVOKED");
    expect(domain.when(decided("RevokeNode")).result).toBe("no_op");
  });
});

describe("a connection", () => {
  it("lists the flows that have all fields, and the heartbeat begins with it", () => {
    const domain = nodes().given(decided("AdmitNode"));
    domain.advance("5s");
    const at = domain.now;
    const [first, second] = FLOWS;
    expect(domain.when(connect([first!, { ...second!, author: "" }]))).toMatchObject({
      state: "CONNECTED",
      data: {
        online: at,
        heartbeat: at,
        flows: [first],
        rejected: [{ index: 1, path: PATHS[1], reason: "author: empty" }],
      },
    });
    expect(heartbeatIn(domain)).toBe(at);
  });

  it("again counts as a beat, and another list replaces the former one", () => {
    const domain = connected();
    domain.advance("200s");
    expect(domain.when(connect())).toMatchObject({ result: "absorbed", data: { online: START } });
    expect(heartbeatIn(domain)).toBe("2026-01-01T00:03:20.000Z");
    domain.advance("1s");
    expect(domain.when(connect(FLOWS.slice(1)))).toMatchObject({
      events: [{ type: "NodeConnected", payload: { is_new: false } }],
      data: { online: START, flows: [FLOWS[1]], rejected: [] },
    });
    expect(domain.when(connect([])).data?.flows).toEqual([]);
    expect(domain.when(connect([{}])).data?.rejected).toHaveLength(1);
    expect(heartbeatIn(domain)).toBe("2026-01-01T00:03:21.000Z");
  });

  it("ends with the node's word: it stays listed, without online, and has to connect before it beats", () => {
    const domain = connected();
    domain.advance("10s");
    domain.given(beat());
    domain.advance("10s");
    expect(domain.when(DISCONNECT)).toMatchObject({
      state: "DISCONNECTED",
      data: { online: null, heartbeat: "2026-01-01T00:00:10.000Z", flows: FLOWS },
      deadlines: {},
    });
    expect(domain.when(DISCONNECT).result).toBe("no_op");
    expect(codeOf(domain, beat())).toBe("NODE_DISCONNECTED");
    const at = domain.now;
    expect(domain.when(connect())).toMatchObject({ state: "CONNECTED", data: { online: at } });
  });
});

describe("liveness", () => {
  it("lasts 300 s to the millisecond after a beat, and not a millisecond more", () => {
    const domain = connected();
    domain.advance("100s");
    domain.given(beat());
    expect(domain.advance("300000ms")).toEqual([]);
    expect(domain.entity(NODE)?.state).toBe("CONNECTED");
    expect(domain.advance("1ms")).toMatchObject([
      { state: "NOT_ALIVE", data: { online: START, heartbeat: "2026-01-01T00:01:40.000Z", flows: FLOWS } },
    ]);
  });

  it("is kept by a beat at exactly 300 s, after a beat and after the connect alike", () => {
    const domain = connected();
    domain.advance("300s");
    expect(domain.when(beat())).toMatchObject({ result: "renewed", state: "CONNECTED", deadlines: { lease: 300_001 } });
    domain.advance("300s");
    expect(domain.when(beat())).toMatchObject({ result: "renewed", state: "CONNECTED" });
  });

  it("comes back with a beat, and online stays what it was: the node did not say goodbye", () => {
    const domain = connected();
    domain.advance("301s");
    const at = domain.now;
    expect(domain.when(beat())).toMatchObject({ state: "CONNECTED", data: { online: START, heartbeat: at } });
    domain.advance("400s");
    expect(domain.entity(NODE)).toMatchObject({ state: "NOT_ALIVE", data: { heartbeat: at } });
    expect(domain.when(connect())).toMatchObject({ state: "CONNECTED", data: { online: domain.now } });
    domain.advance("400s");
    expect(domain.when(DISCONNECT)).toMatchObject({ state: "DISCONNECTED", data: { online: null } });
  });
});

describe("what a beat tells", () => {
  it("is kept at most once a minute, and a beat that tells nothing writes nothing", () => {
    const domain = connected();
    domain.advance("1s");
    expect(domain.when(beat()).result).toBe("renewed");
    expect(domain.when(beat({ usage: 0.5 }))).toMatchObject({
      events: [{ type: "NodeTold" }],
      data: { told: { state: { usage: 0.5 } } },
    });
    domain.advance("59999ms");
    expect(domain.when(beat({ usage: 0.6 }))).toMatchObject({ result: "absorbed", deadlines: { lease: 300_001 } });
    domain.advance("1ms");
    expect(domain.when(beat({ usage: 0.7 })).data?.told?.state).toEqual({ usage: 0.7 });
    domain.advance("60s");
    expect(domain.when(beat({ usage: 0.7 })).result).toBe("absorbed");
    domain.advance("1s");
    expect(domain.when(beat()).result).toBe("renewed");
    expect(domain.entity(NODE)?.data.told?.state).toEqual({ usage: 0.7 });
  });

  it("is whatever else the message has, under any name but node", () => {
    const domain = connected();
    domain.given(beat({ usage: 1, told: { usage: 2, node: "another" }, correlation: null }));
    expect(domain.entity(NODE)?.data.told?.state).toEqual({ usage: 2, node: "another", correlation: null });
  });

  it("is at most 16 KiB: more is refused, and is no beat", () => {
    const domain = connected();
    domain.advance("10s");
    const most = "x".repeat(16_384 - '{"t":""}'.length);
    expect(codeOf(domain, beat({ t: `${most}x` }))).toBe("STATE_TOO_LARGE");
    expect(codeOf(domain, beat({ t: "€".repeat(6_000) }))).toBe("STATE_TOO_LARGE");
    expect(heartbeatIn(domain)).toBe(START);
    expect(domain.when(beat({ t: most })).events).toHaveLength(1);
    domain.advance("301s");
    expect(codeOf(domain, beat({ t: `${most}x` }))).toBe("STATE_TOO_LARGE");
    expect(domain.entity(NODE)?.state).toBe("NOT_ALIVE");
  });
});

describe("a node's name", () => {
  it("is a host, with a port or without", () => {
    const admit = (node: string) => nodes().when({ type: "AdmitNode", payload: { node, by: "ann" }, door: OPERATOR });
    for (const node of [NODE, "localhost:8080", "10.0.0.7:80", "node_1", "[::1]:8080", "[fd00::7]"])
      expect([node, admit(node).state]).toEqual([node, "ADMITTED"]);
    for (const node of ["", "a b", "a/b", "a:0", "a:b", "a:123456", "u@a", "a?b", "-a", "a.:80:80", "[::1", "http://a"])
      expect([node, admit(node).result]).toEqual([node, "refused"]);
  });
});
