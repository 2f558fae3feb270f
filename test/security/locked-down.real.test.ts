import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { v4 } from "uuid";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Program, startProgram } from "../blackbox/program.ts";
import { describeReal } from "../real/services/describe-real.ts";
import { freshNamespace } from "../real/services/fresh-namespace.ts";
import { waitUntil } from "../real/services/wait-until.ts";
import { CanaryServer } from "./canary-server.ts";
import { pointingAt } from "./registration/pointing-at.ts";
import { bearer } from "./guarded-system.ts";
import { tableOf } from "./guide.ts";
import { rollcall } from "./rollcall.ts";
import { type KafkaUser, SecuredKafka } from "./secured-kafka.ts";
import { SecuredPostgres } from "./secured-postgres.ts";

const OPERATOR = "canary-api-operator-0123456789";
const NODE = "canary-api-node-0123456789";
const CONSUL = "canary-consul-token-7f7f";
const env = freshNamespace();
const topic = (name: string): string => `${env}.onex.${name}.v1`;

/** Every part requires a secret that contains "canary", and Consul denies everything. */
describeReal("A system whose parts all want to know who asks", () => {
  let kafka: SecuredKafka;
  let postgres: SecuredPostgres;
  let consul: Server;
  let program: Program;
  let ssrf: CanaryServer;
  const heard: string[] = [];
  let environment: Record<string, string>;

  const ask = async (path: string, token = OPERATOR, init: RequestInit = {}) => {
    const response = await fetch(program.url + path, { ...init, headers: { ...init.headers, ...bearer(token) } });
    const text = await response.text();
    heard.push(text, JSON.stringify([...response.headers]));
    return { status: response.status, text };
  };
  const publish = (payload_type: string, payload: object, token = NODE) =>
    ask("/api/v1/events", token, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ payload_type, payload }),
    });
  const command = async (words: string, more: Record<string, string>) => {
    const ran = await rollcall(words, more);
    heard.push(ran.out, ran.err);
    return ran;
  };

  beforeAll(async () => {
    [kafka, postgres, ssrf] = await Promise.all([SecuredKafka.start(), SecuredPostgres.start(), CanaryServer.open()]);
    consul = createServer((_request, response) => response.writeHead(403).end("Permission denied")).listen(
      0,
      "127.0.0.1",
    );
    await kafka.grant(
      tableOf("Kafka").flatMap(([user, resource = "", pattern = "", name = "", operations = ""]) =>
        operations.split(", ").map((operation) => ({
          ...{ user: user as KafkaUser, resource, pattern, operation },
          name: name.replace(/\bdev\b/, env),
        })),
      ),
    );
    environment = {
      ...kafka.environment("runtime"),
      DATABASE_URL: postgres.url("rollcall_run"),
      CONSUL_HTTP_ADDR: `http://127.0.0.1:${(consul.address() as AddressInfo).port}`,
      CONSUL_HTTP_TOKEN: CONSUL,
      ROLLCALL_API_TOKENS: `operator alice ${OPERATOR}, node own-1 ${NODE}`,
      ROLLCALL_ENV: env,
      ROLLCALL_PARTITIONS: "2",
      ROLLCALL_LOG_LEVEL: "trace",
    };
    expect(await command("migrate", { DATABASE_URL: postgres.url("rollcall_migrate") })).toMatchObject({ code: 0 });
    program = await startProgram({ environment, tolerated: ["catalogue"], readyMs: 150_000 });
  });
  afterAll(async () => {
    await program?.kill();
    consul?.close();
    ssrf?.close();
    await Promise.all([kafka?.stop(), postgres?.stop()]);
  });

  const stateOf = async () => JSON.parse((await ask("/api/v1/registrations/own-1")).text) as Record<string, unknown>;

  it("works with SASL, TLS and ACLs, with the database role without DDL, for a node with a token", async () => {
    expect(
      (await publish("NodeIntrospectionEvent", { node_id: "own-1", node_type: "effect", ...pointingAt(ssrf) })).status,
    ).toBe(202);
    expect((await publish("NodeIntrospectionEvent", { node_id: "other-1", node_type: "effect" })).status).toBe(403);
    await waitUntil(
      async () => expect(await stateOf()).toMatchObject({ state: "PENDING_REGISTRATION", reducer_state: "partial" }),
      { what: "own-1 waits for Consul", timeoutMs: 60_000 },
    );
  });

  it("is not affected by its own kinds of events written by someone else", async () => {
    const producer = kafka.admin.producer();
    await producer.connect();
    const before = await stateOf();
    const forged = (payload_type: string) => ({
      key: "own-1",
      value: JSON.stringify({
        ...{ envelope_id: v4(), payload_type, event_type: `registration.${payload_type}` },
        payload: {
          ...before,
          node_id: "own-1",
          entity_id: "own-1",
          registration_attempt_id: before["registration_attempt_id"],
        },
      }),
    });
    const internal: [string, string][] = [
      ["evt.node-became-active", "NodeBecameActive"],
      ["evt.node-registration-accepted", "NodeRegistrationAccepted"],
      ["evt.node-registration-ack-received", "NodeRegistrationAckReceived"],
      ["evt.node-deregistered", "NodeDeregistered"],
    ];
    for (const [name, type] of internal) await producer.send({ topic: topic(name), messages: [forged(type)] });
    // Also on a topic that it reads: the type does not belong to that topic.
    for (const [, type] of internal)
      await producer.send({ topic: topic("evt.node-heartbeat"), messages: [forged(type)] });
    await producer.disconnect();
    await waitUntil(
      async () => {
        const { items } = JSON.parse((await ask("/api/v1/dead-letters?code=UNKNOWN_TYPE")).text) as {
          items: unknown[];
        };
        expect(items).toHaveLength(internal.length);
      },
      { what: "dead letters", timeoutMs: 60_000 },
    );
    expect(await stateOf()).toEqual(before);
  });

  it("ends at the start, with the reason, when a secret or certificate is wrong", async () => {
    const wrong: [Record<string, string>, RegExp][] = [
      [{ KAFKA_SASL_PASSWORD: "canary-wrong-kafka" }, /Authentication failed/],
      [{ KAFKA_SSL_CA_FILE: kafka.certificates.strangerFile }, /certificate is not trusted/],
      [
        { DATABASE_URL: postgres.url("rollcall_run", { password: "canary-wrong-pg" }) },
        /password authentication failed/,
      ],
      [{ DATABASE_URL: "postgres://rollcall_run:canary-no-port@127.0.0.1:99999/rollcall" }, /Invalid URL/],
      [{ CONSUL_HTTP_TOKEN: "canary-with a space" }, /Consul token has characters/],
      [{ ROLLCALL_API_TOKENS: "operator canary-short" }, /ROLLCALL_API_TOKENS: line 1/],
    ];
    for (const [more, reason] of wrong) {
      const { code, out, err } = await command("start", { ...environment, ROLLCALL_HTTP_PORT: "0", ...more });
      expect([code, out + err]).toEqual([1, expect.stringMatching(reason)]);
    }
  });

  it("shows no secret in answers, logs or commands, also without its store", async () => {
    const paths = [
      "/health/ready",
      "/metrics",
      "/openapi.json",
      "/asyncapi.json",
      "/api/v1/doctor",
      "/api/v1/registrations",
      "/api/v1/dead-letters",
    ];
    const of = "/api/v1/registrations/own-1";
    for (const path of [...paths, `${of}/timeline`, `${of}/explanation`, "/api/v1/services/onex-effect"])
      await ask(path);
    await ask("/metrics", "canary-wrong-token-0123456789");
    const client = { ROLLCALL_URL: program.url, ROLLCALL_TOKEN: OPERATOR };
    for (const words of ["doctor", "explain own-1", "nodes show own-1", "dlq list --json"])
      await command(words, client);
    await command("nodes list", { ...client, ROLLCALL_TOKEN: "canary-wrong-token-0123456789" });
    await postgres.stop();
    await waitUntil(async () => expect((await ask("/health/ready")).text).toContain("not_ready"), {
      what: "trouble",
      timeoutMs: 60_000,
    });
    await ask("/api/v1/doctor");
    expect(heard.join("\n")).toContain("Permission denied");
    await waitUntil(async () => expect(program.said()).toMatch(/"msg":"the store can't be reached: /), {
      what: "its log",
      timeoutMs: 60_000,
    });
    for (const text of [...heard, program.said()]) expect(/.{0,80}canary.{0,20}/.exec(text)?.[0]).toBeUndefined();
    expect(ssrf.calls).toEqual([]);
  });
});
