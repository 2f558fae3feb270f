import type { Stage } from "./stage.ts";

/** A history that is recorded with the real shell, and the last state of its nodes. */
export interface Scenario {
  readonly play: (stage: Stage) => Promise<void>;
  readonly ends: Readonly<Record<string, string>>;
}

const scenario = (ends: Scenario["ends"], play: Scenario["play"]): Scenario => ({ play, ends });

const consulSays = (code: string, retryable: boolean) => (intent: { readonly type: string }) =>
  intent.type === "consul.register" ? { code, retryable } : undefined;
const postgresSays = (code: string, retryable: boolean) => (intent: { readonly type: string }) =>
  intent.type === "postgres.upsert_registration" ? { code, retryable } : undefined;

const REGISTERING: Readonly<Record<string, Scenario>> = {
  "happy-path": scenario({ n1: "ACTIVE" }, (stage) => stage.active("n1")),
  "whole-introspection": scenario({ n1: "ACTIVE" }, (stage) =>
    stage.active("n1", {
      node_name: "Zürich ☃ one",
      node_role: "worker",
      node_version: { major: 2, minor: 10, patch: 3 },
      declared_capabilities: { write: true, read: true },
      endpoints: { api: "https://10.0.0.1:8443/v1", rpc: "grpc://10.0.0.1:9000" },
      health_endpoint: "/health",
      metadata: { zone: "a", "10": "ten", "9": "nine" },
      epoch: 7,
      an_unknown_field: { kept: [1, 2.5, null, "x"] },
    }),
  ),
  "bare-payloads-without-ids": scenario({ n1: "ACTIVE" }, async (stage) => {
    await stage.raw("NodeIntrospectionEvent", JSON.stringify({ node_id: "n1", node_type: "EFFECT" }), { key: "n1" });
    await stage.pass(500);
    await stage.raw("NodeRegistrationAcked", JSON.stringify({ node_id: "n1" }), { key: "n1" });
  }),
  "cloud-events": scenario({ n1: "ACTIVE" }, async (stage) => {
    const ce = { ce_specversion: "1.0", ce_id: "7", ce_source: "fleet", ce_type: "NodeIntrospectionEvent" };
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const node = JSON.stringify({ node_id: "n1", node_type: "reducer" });
    await stage.raw("NodeIntrospectionEvent", node, { key: "n1", headers: { ...ce, traceparent } });
    await stage.pass(500);
    const ack = {
      specversion: "1.0",
      id: "8",
      source: "fleet",
      type: "registration.node-registration-acked",
      data: { node_id: "n1" },
    };
    await stage.raw("NodeRegistrationAcked", JSON.stringify(ack), { key: "n1" });
  }),
  "clocks-that-are-off": scenario({ n1: "ACTIVE", n2: "ACTIVE" }, async (stage) => {
    await stage.introspect("n1", {}, { skewMs: -3_000 });
    await stage.introspect("n2", {}, { skewMs: 3_600_000 });
    await stage.pass(500);
    await stage.ack("n1", {}, { skewMs: -3_600_000 });
    await stage.ack("n2", {}, { skewMs: 3_600_000 });
  }),
  "two-nodes-at-once": scenario({ n1: "ACTIVE", n2: "AWAITING_ACK" }, async (stage) => {
    await stage.introspect("n1");
    await stage.introspect("n2", { node_type: "compute" });
    await stage.pass(500);
    await stage.ack("n1");
  }),
  "misplaced-and-repartitioned": scenario({ n1: "ACTIVE" }, async (stage) => {
    await stage.introspect("n1", {}, { partition: 1 });
    await stage.pass(500);
    await stage.ack("n1", {}, { partition: 1 });
    await stage.pass(500);
  }),
  "consul-comes-back": scenario({ n1: "ACTIVE" }, async (stage) => {
    let failures = 2;
    stage.behaviour = (intent) =>
      intent.type === "consul.register" && failures-- > 0 ? { code: "UNAVAILABLE", retryable: true } : undefined;
    await stage.introspect("n1");
    await stage.pass(2_000);
    await stage.ack("n1");
  }),
  "restarted-in-the-middle": scenario({ n1: "ACTIVE" }, async (stage) => {
    stage.behaviour = () => ({ code: "UNAVAILABLE", retryable: true });
    await stage.introspect("n1");
    await stage.stop();
    stage.behaviour = () => undefined;
    await stage.start();
    await stage.pass(2_000);
    await stage.ack("n1");
  }),
  "records-that-were-gone": scenario({ n1: "ACTIVE" }, async (stage) => {
    await stage.active("n1");
    await stage.stop();
    await stage.store.query(
      `update rollcall.bus_record set "offset" = "offset" + 5 where topic like '%node-introspection%'`,
    );
    await stage.start();
    await stage.pass(1_000);
  }),
};

const ACKS: Readonly<Record<string, Scenario>> = {
  "ack-too-early": scenario({ n1: "PENDING_REGISTRATION" }, async (stage) => {
    stage.behaviour = consulSays("UNAVAILABLE", true);
    await stage.introspect("n1");
    await stage.ack("n1");
  }),
  "ack-before-the-acceptance-is-published": scenario({ n1: "ACTIVE" }, async (stage) => {
    stage.isPublishingHeld = true;
    await stage.introspect("n1");
    await stage.ack("n1");
    await stage.publishAgain();
    await stage.pass(500);
  }),
  "ack-twice": scenario({ n1: "ACTIVE" }, async (stage) => {
    await stage.active("n1");
    await stage.ack("n1");
  }),
  "ack-repeated-by-the-log": scenario({ n1: "ACTIVE" }, async (stage) => {
    await stage.introspect("n1");
    await stage.pass(500);
    await stage.ack("n1", {}, { id: "once" });
    await stage.ack("n1", {}, { id: "once" });
  }),
  "ack-of-another-attempt": scenario({ n1: "AWAITING_ACK" }, async (stage) => {
    await stage.introspect("n1");
    await stage.pass(500);
    await stage.ack("n1", { registration_attempt_id: "11111111-1111-5111-8111-111111111111" });
  }),
  "ack-with-a-foreign-correlation": scenario({ n1: "AWAITING_ACK" }, async (stage) => {
    await stage.introspect("n1");
    await stage.pass(500);
    await stage.ack("n1", { correlation_id: "11111111-1111-4111-8111-111111111111" });
  }),
  "ack-of-an-unknown-node": scenario({}, (stage) => stage.ack("nobody")),
  "ack-never": scenario({ n1: "ACK_TIMED_OUT" }, async (stage) => {
    await stage.introspect("n1");
    await stage.pass(32_000);
  }),
  "ack-after-the-deadline": scenario({ n1: "ACK_TIMED_OUT" }, async (stage) => {
    await stage.introspect("n1");
    await stage.pass(32_000);
    await stage.ack("n1");
  }),
  "ack-after-twenty-seconds": scenario({ n1: "ACTIVE" }, async (stage) => {
    await stage.introspect("n1");
    await stage.pass(20_000);
    await stage.ack("n1");
  }),
  "ack-names-an-absorbed-introspection": scenario({ n1: "ACTIVE" }, async (stage) => {
    await stage.introspect("n1", {}, { correlation: "first" });
    await stage.introspect("n1", {}, { correlation: "second" });
    await stage.pass(500);
    await stage.send("NodeRegistrationAcked", { node_id: "n1" }, { correlation: "second" });
  }),
};

const LIVES: Readonly<Record<string, Scenario>> = {
  "heartbeats-keep-it-active": scenario({ n1: "DEREGISTERED" }, async (stage) => {
    await stage.active("n1");
    for (let beat = 0; beat < 5; beat++) {
      await stage.pass(10_000);
      await stage.heartbeat("n1");
    }
    await stage.deregister("n1", "maintenance");
  }),
  "silence-expires-it": scenario({ n1: "LIVENESS_EXPIRED" }, async (stage) => {
    await stage.active("n1");
    await stage.pass(20_000);
    await stage.heartbeat("n1");
    await stage.pass(32_000);
  }),
  "comes-back-after-expiry": scenario({ n1: "ACTIVE" }, async (stage) => {
    await stage.active("n1");
    await stage.pass(32_000);
    await stage.heartbeat("n1");
    await stage.active("n1");
  }),
  "comes-back-after-an-ack-timeout": scenario({ n1: "ACTIVE" }, async (stage) => {
    await stage.introspect("n1");
    await stage.pass(32_000);
    await stage.active("n1");
  }),
  "introspects-again-while-active": scenario({ n1: "ACTIVE" }, async (stage) => {
    await stage.active("n1");
    await stage.pass(20_000);
    await stage.introspect("n1", { reason: "heartbeat" });
    await stage.pass(20_000);
  }),
  "endpoints-change-while-active": scenario({ n1: "ACTIVE" }, async (stage) => {
    await stage.active("n1", { endpoints: { api: "http://10.0.0.1:80" } });
    await stage.introspect("n1", { endpoints: { api: "http://10.0.0.2:80" } });
    await stage.pass(500);
  }),
  "refresh-that-postgres-refuses": scenario({ n1: "ACTIVE" }, async (stage) => {
    await stage.active("n1");
    stage.behaviour = postgresSays("POSTGRES_REFUSED", false);
    await stage.introspect("n1", { node_version: "2.0.0" });
    await stage.pass(500);
  }),
  "deregisters-while-pending": scenario({ n1: "DEREGISTERED" }, async (stage) => {
    stage.behaviour = (intent) => (intent.type === "consul.register" ? "hangs" : undefined);
    await stage.introspect("n1");
    await stage.deregister("n1");
    await stage.pass(500);
  }),
  "shuts-down": scenario({ n1: "DEREGISTERED" }, async (stage) => {
    await stage.active("n1");
    await stage.introspect("n1", { reason: "shutdown" });
    await stage.introspect("n1", { reason: "shutdown" });
  }),
  "deregisters-unknown": scenario({}, (stage) => stage.deregister("nobody")),
};

const SUPERSEDED: Readonly<Record<string, Scenario>> = {
  "introspection-repeated-by-the-log": scenario({ n1: "AWAITING_ACK" }, async (stage) => {
    await stage.introspect("n1", {}, { id: "once" });
    await stage.introspect("n1", {}, { id: "once" });
  }),
  "a-new-process-while-active": scenario({ n1: "ACTIVE" }, async (stage) => {
    await stage.active("n1", { epoch: 1 });
    await stage.active("n1", { epoch: 2 });
  }),
  "a-new-process-while-awaiting-its-ack": scenario({ n1: "ACTIVE" }, async (stage) => {
    await stage.introspect("n1", { epoch: 1 });
    await stage.pass(500);
    await stage.active("n1", { epoch: 2 });
    await stage.pass(32_000 - 2_000);
  }),
  "an-older-process-is-stale": scenario({ n1: "ACTIVE" }, async (stage) => {
    await stage.active("n1", { epoch: 2 });
    await stage.introspect("n1", { epoch: 1 });
    await stage.introspect("n1", { epoch: 1, reason: "shutdown" });
  }),
  "other-content-while-pending": scenario({ n1: "AWAITING_ACK" }, async (stage) => {
    let register: "hangs" | undefined = "hangs";
    stage.behaviour = (intent) => (intent.type === "consul.register" ? register : undefined);
    await stage.introspect("n1");
    register = undefined;
    await stage.introspect("n1", { node_version: "1.0.1" });
    await stage.pass(7_000);
  }),
  "another-type-while-active": scenario({ n1: "ACTIVE" }, async (stage) => {
    await stage.active("n1");
    await stage.active("n1", { node_type: "compute" });
  }),
  "an-outcome-of-an-attempt-that-is-over": scenario({ n1: "AWAITING_ACK" }, async (stage) => {
    let isUp = false;
    stage.behaviour = (intent) =>
      intent.type === "postgres.upsert_registration" && !isUp ? { code: "UNAVAILABLE", retryable: true } : undefined;
    await stage.introspect("n1", { epoch: 1 });
    await stage.introspect("n1", { epoch: 2 });
    isUp = true;
    await stage.pass(5_000);
  }),
};

const TROUBLE: Readonly<Record<string, Scenario>> = {
  "consul-refuses": scenario({ n1: "REJECTED" }, async (stage) => {
    stage.behaviour = consulSays("CONSUL_REFUSED", false);
    await stage.introspect("n1");
    await stage.pass(500);
  }),
  "postgres-refuses": scenario({ n1: "REJECTED" }, async (stage) => {
    stage.behaviour = postgresSays("POSTGRES_REFUSED", false);
    await stage.introspect("n1");
    await stage.pass(500);
  }),
  "both-refuse": scenario({ n1: "REJECTED" }, async (stage) => {
    stage.behaviour = ({ type }) =>
      type === "consul.register"
        ? { code: "CONSUL_REFUSED", retryable: false }
        : type === "postgres.upsert_registration"
          ? { code: "POSTGRES_REFUSED", retryable: false }
          : undefined;
    await stage.introspect("n1");
    await stage.pass(500);
  }),
  "registered-again-after-a-rejection": scenario({ n1: "ACTIVE" }, async (stage) => {
    stage.behaviour = consulSays("CONSUL_REFUSED", false);
    await stage.introspect("n1");
    await stage.pass(500);
    stage.behaviour = () => undefined;
    await stage.active("n1");
  }),
  "a-compensation-is-superseded": scenario({ n1: "AWAITING_ACK" }, async (stage) => {
    let isUp = false;
    stage.behaviour = (intent) =>
      intent.type === "consul.deregister" && !isUp ? { code: "UNAVAILABLE", retryable: true } : undefined;
    await stage.active("n1");
    await stage.deregister("n1");
    await stage.introspect("n1");
    isUp = true;
    await stage.pass(30_000);
  }),
  "dead-letters": scenario({ n1: "AWAITING_ACK" }, async (stage) => {
    const key = "n1";
    await stage.raw("NodeIntrospectionEvent", "{", { key });
    await stage.raw("NodeIntrospectionEvent", new Uint8Array([0xff, 0x00]), { key });
    await stage.raw("NodeIntrospectionEvent", "[]", { key });
    await stage.raw("NodeIntrospectionEvent", '{"node_id":"n1","node_type":"robot"}', { key });
    await stage.raw("NodeHeartbeatEvent", '{"payload_type":"NodeDeregister","payload":{"node_id":"n1"}}', { key });
    await stage.raw("NodeRegistrationAcked", '{"payload_schema_version":"2.0.0","payload":{"node_id":"n1"}}', { key });
    await stage.raw("NodeDeregister", '{"node_id":"a b"}', { key });
    await stage.introspect("n1");
  }),
};

const DAYS: Readonly<Record<string, Scenario>> = {
  "goes-on-on-the-next-day": scenario({ n1: "DEREGISTERED", n2: "ACTIVE" }, async (stage) => {
    await stage.active("n1");
    stage.behaviour = consulSays("UNAVAILABLE", true);
    await stage.introspect("n2");
    await stage.pass(500);
    await stage.nextDay();
    stage.behaviour = () => undefined;
    await stage.heartbeat("n1");
    await stage.pass(10_000);
    await stage.deregister("n1");
    await stage.ack("n2");
    await stage.pass(500);
  }),
  "is-heard-of-again-three-days-later": scenario({ n1: "LIVENESS_EXPIRED" }, async (stage) => {
    await stage.active("n1");
    await stage.nextDay();
    await stage.heartbeat("n1");
    await stage.pass(10_000);
    await stage.heartbeat("n1");
    await stage.nextDay();
    await stage.introspect("n1", { reason: "heartbeat" });
    await stage.pass(40_000);
    await stage.nextDay();
    await stage.send("NodeDeregister", { node_id: "n1" }, { partition: 1 });
    await stage.ack("n1");
  }),
};

const EDITED: Readonly<Record<string, Scenario>> = {
  "the-contract-changes": scenario({ n1: "ACK_TIMED_OUT", n2: "ACK_TIMED_OUT" }, async (stage) => {
    await stage.introspect("n1");
    await stage.pass(500);
    await stage.stop();
    await stage.startEdited(["orchestrator", "name: ack, after: 30s", "name: ack, after: 10s"]);
    await stage.introspect("n2");
    await stage.pass(12_000);
    await stage.pass(20_000);
  }),
};

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  ...REGISTERING,
  ...ACKS,
  ...LIVES,
  ...SUPERSEDED,
  ...TROUBLE,
  ...DAYS,
  ...EDITED,
};
