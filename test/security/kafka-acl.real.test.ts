import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kafkaTransport } from "../../client/kafka-transport.ts";
import { nodeMessage } from "../../client/messages.ts";
import type { KafkaBusOptions } from "../../runtime/adapters/kafka/kafka-client.ts";
import { RecordingListener } from "../adapters/bus-listener.ts";
import { kafkaBus, message, patience } from "../adapters/kafka/kafka-test-bus.ts";
import { describeReal } from "../real/services/describe-real.ts";
import { freshNamespace } from "../real/services/fresh-namespace.ts";
import { tableOf } from "./guide.ts";
import { type Grant, type KafkaUser, SecuredKafka, USERS } from "./secured-kafka.ts";

const documented: readonly Grant[] = tableOf("Kafka").flatMap(
  ([user, resource = "", pattern = "", name = "", operations = ""]) =>
    operations.split(", ").map((operation) => ({ user: user as KafkaUser, resource, pattern, name, operation })),
);
const of = (user: KafkaUser): readonly Grant[] => documented.filter((grant) => grant.user === user);
const INPUTS = ["evt.node-introspection", "cmd.node-registration-acked", "evt.node-heartbeat", "cmd.node-deregister"];
const OUTPUTS = [
  "evt.node-registration-accepted",
  "evt.node-became-active",
  "evt.node-registration-rejected",
  "evt.node-registration-ack-timed-out",
  "evt.node-liveness-expired",
  "evt.node-deregistered",
  "dlq.registration",
];

/** A namespace for each trial, so that grants of one do not apply to another. */
class Trial {
  readonly env = freshNamespace();
  readonly #kafka: SecuredKafka;
  readonly said: string[] = [];

  constructor(kafka: SecuredKafka) {
    this.#kafka = kafka;
  }

  topic = (name: string): string => `${this.env}.onex.${name}.v1`;

  grant(grants: readonly Grant[]): Promise<void> {
    return this.#kafka.grant(grants.map((each) => ({ ...each, name: each.name.replace(/\bdev\b/, this.env) })));
  }

  async createTopics(): Promise<void> {
    const admin = this.#kafka.admin.admin();
    await admin.connect();
    const configEntries = [{ name: "message.timestamp.type", value: "LogAppendTime" }];
    const topics = [...INPUTS, ...OUTPUTS].map((name) => ({
      topic: this.topic(name),
      numPartitions: 1,
      configEntries,
    }));
    await admin.createTopics({ topics, waitForLeaders: false });
    await admin.disconnect();
  }

  /** Everything that the runtime does with a bus; resolves when its own messages are consumed. */
  async runs(user: KafkaUser = "runtime", more: Partial<KafkaBusOptions> = {}, joinMs = 30_000): Promise<void> {
    const bus = kafkaBus(this.#kafka.bootstrapServers, {
      connectTimeoutMs: patience.timeoutMs,
      groupId: `rollcall.${this.env}.registration`,
      ...this.#kafka.access(user),
      log: (_level, text, details) => this.said.push(text + JSON.stringify(details)),
      ...more,
    });
    try {
      const input = INPUTS.map(this.topic);
      await bus.prepare({ input, output: OUTPUTS.map(this.topic), partitions: 1 });
      const listener = new RecordingListener();
      await bus.subscribe(input, listener);
      await listener.until(() => listener.assignments.length > 0, joinMs);
      bus.startPartition(0, new Map(input.map((topic) => [topic, 0])));
      const all = [...INPUTS, ...OUTPUTS].map((name) => message(this.topic(name), 0, name));
      await bus.publish(all, { timeoutMs: 10_000 });
      await listener.until(() => listener.records.length === INPUTS.length);
      await bus.describe([...input, ...OUTPUTS.map(this.topic)]);
    } finally {
      await bus.close();
    }
  }
}

describeReal("Kafka with TLS, SCRAM and an authorizer", () => {
  let kafka: SecuredKafka;
  beforeAll(async () => {
    kafka = await SecuredKafka.start();
  });
  afterAll(() => kafka.stop());

  it("lets the runtime work with the guide's grants", async () => {
    const trial = new Trial(kafka);
    await trial.grant(of("runtime"));
    await trial.runs();
    await expect(trial.runs("stranger")).rejects.toMatchObject({ code: "BUS_REFUSED" });
  });

  it.each(of("runtime").filter(({ resource }) => resource === "topic"))(
    "and not without $operation on the $resource",
    async (missing) => {
      const trial = new Trial(kafka);
      if (missing.operation !== "Create") await trial.createTopics();
      await trial.grant(of("runtime").filter((grant) => grant !== missing));
      const refused = trial.runs();
      await expect(refused).rejects.toThrow(/not authorized|access denied|authorization failed/i);
      // An event that may not be written waits: a missing permission never drops it.
      const retryable = missing.operation === "Write";
      await expect(refused).rejects.toMatchObject({ code: retryable ? "BUS_UNAVAILABLE" : "BUS_REFUSED", retryable });
    },
  );

  it("and not without Read on the group, which the log names, since kafkajs' error does not", async () => {
    const trial = new Trial(kafka);
    await trial.createTopics();
    await trial.grant(of("runtime").filter(({ resource }) => resource === "topic"));
    await expect(trial.runs("runtime", {}, 5_000)).rejects.toThrow(/not within/);
    expect(trial.said.join("\n")).toContain("Not authorized to access group");
  });

  describe("a node", () => {
    let trial: Trial;
    beforeAll(async () => {
      trial = new Trial(kafka);
      await trial.createTopics();
      await trial.grant(documented);
    });
    /** The broker's answer; retried while the broker is busy with other handshakes. */
    const write = async (user: KafkaUser, name: string): Promise<string> => {
      const bus = kafkaBus(kafka.bootstrapServers, kafka.access(user));
      const said = () =>
        bus.publish([message(trial.topic(name), 0, "forged")], { timeoutMs: 3_000 }).then(() => "written", String);
      let answer = await said();
      while (answer.includes("no answer within")) answer = await said();
      await bus.close();
      return answer;
    };

    it("publishes its messages and reads its events", async () => {
      const transport = kafkaTransport({
        brokers: [kafka.bootstrapServers],
        env: trial.env,
        namespace: "",
        ...kafka.access("node"),
      });
      await transport.subscribe("n1", () => {});
      const payloads = { node_id: "n1", node_type: "effect" } as const;
      for (const type of [
        "NodeIntrospectionEvent",
        "NodeRegistrationAcked",
        "NodeHeartbeatEvent",
        "NodeDeregister",
      ] as const)
        await transport.publish(nodeMessage(type, payloads));
      await transport.close();
    });

    const refusals = (users: readonly KafkaUser[], names: readonly string[]): Promise<readonly string[]> =>
      Promise.all(users.flatMap((user) => names.map(async (name) => `${user} ${name}: ${await write(user, name)}`)));

    it("and a dashboard can write no event of the orchestrator, and a stranger nothing", async () => {
      for (const said of await refusals(["node", "dashboard", "stranger"], OUTPUTS))
        expect(said).toMatch(/not authorized/i);
      for (const said of await refusals(["dashboard", "stranger"], INPUTS)) expect(said).toMatch(/not authorized/i);
      for (const name of INPUTS) expect(await write("node", name)).toBe("written");
    });
  });

  it.each<[string, Partial<KafkaBusOptions>, RegExp]>([
    [
      "a wrong password",
      { sasl: { mechanism: "scram-sha-512", username: "runtime", password: "canary-wrong-1111" } },
      /Authentication failed/,
    ],
    [
      "another user's password",
      { sasl: { mechanism: "scram-sha-512", username: "runtime", password: USERS.node } },
      /Authentication failed/,
    ],
    ["no credentials", { sasl: undefined as never }, /./],
    ["another authority", { ssl: true }, /certificate/],
  ])("ends at once, with the reason and without a secret: %s", async (_what, options, reason) => {
    const said: string[] = [];
    const trial = new Trial(kafka);
    const log: KafkaBusOptions["log"] = (_level, text, details) => said.push(text + JSON.stringify(details));
    const refused = trial.runs("runtime", { ...options, log });
    await expect(refused).rejects.toThrow(reason);
    await refused.catch((error: unknown) => said.push(String(error)));
    expect(said.join()).not.toMatch(/canary/);
  });

  it("ends at once when the broker's certificate has another name, or another authority", async () => {
    for (const [servers, ca, reason] of [
      [kafka.otherName, kafka.certificates.ca, /altnames/],
      [kafka.bootstrapServers, kafka.certificates.stranger, /certificate/],
    ] as const) {
      const bus = kafkaBus(servers, { ...kafka.access("runtime"), ssl: { ca } });
      const refused = bus.prepare({ input: ["a"], output: [], partitions: 1 });
      await expect(refused).rejects.toMatchObject({ code: "BUS_REFUSED", retryable: false });
      await expect(refused).rejects.toThrow(reason);
      await bus.close();
    }
  });
});
