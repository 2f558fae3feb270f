import { afterAll, expect, it } from "vitest";
import type { KafkaBusOptions } from "../../../runtime/adapters/kafka/kafka-client.ts";
import { describeReal } from "../../real/services/describe-real.ts";
import { RecordingListener } from "../bus-listener.ts";
import { kafkaBus, message, patience, unique } from "./kafka-test-bus.ts";
import { startSecureBroker } from "./secure-broker.ts";

describeReal("Kafka with TLS and credentials", () => {
  const broker = startSecureBroker();
  afterAll(async () => (await broker).stop());

  it.each(["plain", "scram-sha-256", "scram-sha-512"] as const)("publishes and delivers with %s", async (mechanism) => {
    const { bootstrapServers, username, password, cert, key } = await broker;
    const said: string[] = [];
    const bus = kafkaBus(bootstrapServers, {
      ssl: { ca: cert, cert, key },
      sasl: { mechanism, username, password },
      log: (_, text, details) => said.push(text + JSON.stringify(details)),
    });
    const topic = unique("in");
    await bus.prepare({ input: [topic], output: [], partitions: 1 });
    const listener = new RecordingListener();
    await bus.subscribe([topic], listener);
    await listener.until(() => listener.assignments.length > 0);
    bus.startPartition(0, new Map([[topic, 0]]));
    await bus.publish([message(topic, 0, "secret")], patience);
    await listener.until(() => listener.records.length === 1);
    await bus.close();
    expect(said.join()).not.toContain(password);
  });

  it.each<[string, Partial<KafkaBusOptions>]>([
    ["a wrong password", { sasl: { mechanism: "plain", username: "rollcall", password: "battery staple" } }],
    ["an unknown user", { sasl: { mechanism: "scram-sha-512", username: "nobody", password: "battery staple" } }],
  ])("refuses %s for good, and does not repeat it", async (_, options) => {
    const { bootstrapServers, cert, key } = await broker;
    const said: string[] = [];
    const log: KafkaBusOptions["log"] = (_level, text, details) => said.push(text + JSON.stringify(details));
    const bus = kafkaBus(bootstrapServers, { ssl: { ca: cert, cert, key }, log, ...options });
    const prepared = bus.prepare({ input: [unique("in")], output: [], partitions: 1 });
    await expect(prepared).rejects.toMatchObject({ code: "BUS_REFUSED", retryable: false });
    await prepared.catch((error: unknown) => said.push(String(error)));
    await bus.close();
    expect(said.join()).not.toContain("battery staple");
  });

  it("is refused when its certificate is not trusted", async () => {
    const { bootstrapServers, username, password, cert, key } = await broker;
    const sasl = { mechanism: "plain", username, password } as const;
    const bus = kafkaBus(bootstrapServers, { ssl: { cert, key }, sasl });
    const prepared = bus.prepare({ input: [unique("in")], output: [], partitions: 1 });
    await expect(prepared).rejects.toMatchObject({ code: "BUS_REFUSED", retryable: false });
    await expect(prepared).rejects.toThrow("self-signed certificate");
    await bus.close();
  });
});
