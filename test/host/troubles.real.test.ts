import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Admin, Kafka, logLevel } from "kafkajs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { composeHost, type Host } from "../../app/host/compose.ts";
import { readConfig } from "../../app/host/config.ts";
import { blockers } from "../../app/host/troubles/trouble.ts";
import { partitionOf } from "../../runtime/core/murmur2.ts";
import { describeReal } from "../real/services/describe-real.ts";
import { type FreshDatabase, freshDatabase } from "../real/services/fresh-database.ts";
import { freshNamespace } from "../real/services/fresh-namespace.ts";
import { waitUntil } from "../real/services/wait-until.ts";
import { toyModule } from "./toy-module.ts";

const TEST_MS = 120_000;

describeReal("a process whose domains' topics are on Kafka", (services) => {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-troubles-real-"));
  const namespace = freshNamespace();
  const topicOf = (domain: string): string => `dev.${namespace}.${domain}.place-order`;
  let database: FreshDatabase;
  let host: Host;
  let admin: Admin;
  beforeAll(async () => {
    database = await freshDatabase(services.database);
    admin = new Kafka({ brokers: services.kafka.split(","), logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const config = readConfig({
      KAFKA_BOOTSTRAP_SERVERS: services.kafka,
      DATABASE_URL: database.url,
      ROLLCALL_NAMESPACE: namespace,
      ROLLCALL_PARTITIONS: "2",
    });
    host = await composeHost(config, { modules: ["books", "tools"].map((name) => toyModule(name, folder)) });
    await host.start();
    await waitUntil(async () => expect(await host.troubles.list()).toEqual([]), {
      what: "both domains",
      timeoutMs: TEST_MS,
    });
  }, TEST_MS);
  afterAll(async () => {
    await host.stop();
    await admin.disconnect();
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  const blocked = async () => {
    const troubles = await host.troubles.list();
    return [undefined, "books", "tools"].map((name) => blockers(troubles, name).map(({ code }) => code));
  };

  it(
    "serves the other while a topic of one is missing, and says which domain has failed",
    async () => {
      await admin.deleteTopics({ topics: [topicOf("tools")] });
      await waitUntil(async () => expect(await blocked()).toEqual([[], [], ["DOMAIN_FAILED"]]), {
        what: "the failure of one domain",
        timeoutMs: 60_000,
      });
      await host.system("books").bus.publish(
        [
          {
            ...{ topic: topicOf("books"), partition: partitionOf("o1", 2), key: Buffer.from("o1"), headers: {} },
            value: Buffer.from(JSON.stringify({ order_id: "o1", amount: 1 })),
          },
        ],
        { timeoutMs: 5_000 },
      );
      const state = () => host.store.query("select state from rollcall.entity where domain = 'books'");
      await waitUntil(async () => expect(await state()).toEqual([{ state: "TOLD" }]), {
        what: "an order of the other domain",
        timeoutMs: 30_000,
      });
      expect(await blocked()).toEqual([[], [], ["DOMAIN_FAILED"]]);
    },
    TEST_MS,
  );
});
