import { Kafka, logLevel, type Admin } from "kafkajs";
import { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeReal } from "./describe-real.ts";
import { freshDatabase } from "./fresh-database.ts";
import { freshNamespace } from "./fresh-namespace.ts";
import { isProduceRequest, kafkaProxyFor } from "./kafka-proxy.ts";
import { kafkaAnswers } from "./kafka.ts";
import {
  restartPostgres,
  startConsul,
  startKafka,
  startPostgres,
  stopConsul,
  stopKafka,
  stopPostgres,
} from "./services.ts";
import { startTwoBrokerCluster, type TwoBrokerCluster } from "./two-broker-cluster.ts";
import { waitUntil } from "./wait-until.ts";

const kafkaAt = (brokers: string): Kafka => new Kafka({ brokers: brokers.split(","), logLevel: logLevel.NOTHING });

async function withAdmin<T>(brokers: string, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafkaAt(brokers).admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

const leaderOf = (brokers: string, topic: string): Promise<number | undefined> =>
  withAdmin(brokers, async (admin) => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    return topics[0]?.partitions[0]?.leader;
  });

describeReal("the services", (services) => {
  const topic = freshNamespace();

  it("keeps Kafka's topics over a kill -9", async () => {
    await withAdmin(services.kafka, (admin) => admin.createTopics({ topics: [{ topic }] }));
    await stopKafka("kill");
    await expect(kafkaAnswers(services.kafka, 1)).rejects.toThrow();
    await startKafka();
    expect(await withAdmin(services.kafka, (admin) => admin.listTopics())).toContain(topic);
  });

  it("keeps Postgres' committed rows over a kill -9, in a database that is dropped afterwards", async () => {
    const { url, drop } = await freshDatabase(services.database);
    const query = async (sql: string): Promise<readonly unknown[]> => {
      const client = new Client({ connectionString: url });
      await client.connect();
      return client
        .query<{ n: number }>(sql)
        .then(({ rows }) => rows)
        .finally(() => client.end());
    };
    await query("create table t as select 7 as n");
    await stopPostgres("kill");
    await expect(query("select 1")).rejects.toThrow("ECONNREFUSED");
    await startPostgres();
    expect(await query("select n from t")).toEqual([{ n: 7 }]);
    await restartPostgres();
    expect(await query("select n from t")).toEqual([{ n: 7 }]);
    await drop();
    await expect(query("select 1")).rejects.toThrow("does not exist");
  });

  it("keeps Consul's entries over a restart", async () => {
    const entry = `${services.consul}/v1/kv/${topic}`;
    await fetch(entry, { method: "PUT", body: "here" });
    await stopConsul();
    await expect(fetch(entry)).rejects.toThrow();
    await startConsul();
    expect(await (await fetch(`${entry}?raw`)).text()).toBe("here");
  });

  it("lets a proxy drop the reply to a message that the broker has accepted", async () => {
    const proxied = freshNamespace();
    await withAdmin(services.kafka, (admin) => admin.createTopics({ topics: [{ topic: proxied }] }));
    const proxy = await kafkaProxyFor(services);
    const producer = kafkaAt(proxy.bootstrapServers).producer({ allowAutoTopicCreation: false });
    await producer.connect();
    const swallowed = proxy.swallowNextReply(isProduceRequest);
    await producer.send({ topic: proxied, messages: [{ value: "once" }] });
    await swallowed;
    await producer.disconnect();
    await proxy.close();
    const [ends] = await withAdmin(services.kafka, (admin) => admin.fetchTopicOffsets(proxied));
    expect(ends?.high).toBe("2");
  });
});

describeReal("the two-broker cluster", () => {
  let cluster: TwoBrokerCluster;

  beforeAll(async () => {
    cluster = await startTwoBrokerCluster();
  });

  afterAll(() => cluster.stop());

  it("moves a leader when its broker is stopped, and when it is killed", async () => {
    const { bootstrapServers, brokers } = cluster;
    const topic = freshNamespace();
    await withAdmin(bootstrapServers, (admin) => admin.createTopics({ topics: [{ topic, replicationFactor: 2 }] }));
    const before = await leaderOf(bootstrapServers, topic);
    const [first, second] = brokers[0].nodeId === before ? brokers : ([brokers[1], brokers[0]] as const);
    const leads = (nodeId: number) =>
      waitUntil(async () => expect(await leaderOf(bootstrapServers, topic)).toBe(nodeId), {
        what: `broker ${nodeId} as leader`,
        timeoutMs: 20_000,
      });
    await first.stop();
    await leads(second.nodeId);
    await first.start();
    await withAdmin(bootstrapServers, (admin) =>
      waitUntil(
        async () => {
          const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
          expect(topics[0]?.partitions[0]?.isr).toHaveLength(2);
        },
        { what: "two replicas in sync", timeoutMs: 30_000 },
      ),
    );
    await second.kill();
    await leads(first.nodeId);
  });
});
