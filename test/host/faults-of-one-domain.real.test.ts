import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Admin, Kafka, logLevel, Partitioners, type Producer } from "kafkajs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { composeHost, type Host } from "../../app/host/compose.ts";
import { readConfig } from "../../app/host/config.ts";
import { configuredClusterId } from "../../app/host/deployment.ts";
import { createHttpServer } from "../../app/http/server/http-server.ts";
import { topicsOf } from "../../runtime/shell/topics.ts";
import { describeReal } from "../real/services/describe-real.ts";
import { type FreshDatabase, freshDatabase } from "../real/services/fresh-database.ts";
import { freshNamespace } from "../real/services/fresh-namespace.ts";
import { startTwoBrokerCluster, type TwoBrokerCluster } from "../real/services/two-broker-cluster.ts";
import { waitUntil } from "../real/services/wait-until.ts";
import { toyModule } from "./toy-module.ts";

const TEST_MS = 180_000;
const PATIENCE_MS = 90_000;
const PARTITIONS = 2;
const FLOOD = 20_000;
const DOMAINS = ["books", "tools", "kits"];

interface Said {
  readonly code?: string;
  readonly domain: string | null;
  readonly detail: string;
}

/** `books` is well all the time, everything of `tools` fails, and what `kits` publishes. */
describeReal("a process of three domains on two brokers", (services) => {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-faults-"));
  const namespace = freshNamespace();
  const topicOf = (domain: string, name: string): string => `dev.${namespace}.${domain}.${name}`;
  let cluster: TwoBrokerCluster;
  let database: FreshDatabase;
  let config: ReturnType<typeof readConfig>;
  let host: Host;
  let server: ReturnType<typeof createHttpServer>;
  let url: string;
  let kafka: Kafka;
  let admin: Admin;
  /** One for each domain: kafkajs' producers fail as a whole when one of their topics has no leader. */
  const producers = new Map<string, Producer>();
  let leave: () => Promise<void>;
  let stopCustomer: () => Promise<void>;
  let sold = 0;

  beforeAll(async () => {
    [cluster, database] = await Promise.all([startTwoBrokerCluster(), freshDatabase(services.database)]);
    const { bootstrapServers } = cluster;
    kafka = new Kafka({ brokers: bootstrapServers.split(","), logLevel: logLevel.NOTHING });
    admin = kafka.admin();
    for (const domain of DOMAINS)
      producers.set(domain, kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner }));
    await Promise.all([admin, ...producers.values()].map((client) => client.connect()));
    config = readConfig({
      ...{ KAFKA_BOOTSTRAP_SERVERS: bootstrapServers, DATABASE_URL: database.url, ROLLCALL_NAMESPACE: namespace },
      ...{ ROLLCALL_PARTITIONS: String(PARTITIONS), KAFKA_SESSION_TIMEOUT_MS: "6000" },
    });
    host = await composeHost(config, {
      modules: DOMAINS.map((name) => toyModule(name, folder)),
      limits: { publishTimeoutMs: 3_000, waitingMessagesMax: 500 },
    });
    await createTopics();
    leave = await joinGroup(`rollcall.dev.${namespace}.tools`, topicOf("tools", "place-order"));
    server = createHttpServer(host);
    url = await server.listen({ host: "127.0.0.1", port: 0 });
    await host.start();
    stopCustomer = customer();
  }, TEST_MS);
  afterAll(async () => {
    await stopCustomer?.().catch(() => {});
    await server?.close();
    await host?.stop();
    await Promise.all([leave?.(), ...[admin, ...producers.values()].map((client) => client?.disconnect())]);
    await database?.drop();
    await cluster?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, TEST_MS);

  /** The second broker alone has what is to fail. */
  const createTopics = async (): Promise<void> => {
    const placed = host.systems.flatMap(({ name, domain }) => {
      const { input, output } = topicsOf(domain);
      return [
        ...input.map((topic) => ({ topic, broker: name === "tools" ? 2 : 1 })),
        ...output.map((topic) => ({ topic, broker: name === "books" ? 1 : 2 })),
      ];
    });
    const topics = placed.map(({ topic, broker }) => ({
      topic,
      replicaAssignment: Array.from({ length: PARTITIONS }, (_, partition) => ({ partition, replicas: [broker] })),
      configEntries: [{ name: "message.timestamp.type", value: "LogAppendTime" }],
    }));
    await admin.createTopics({ topics });
  };
  /** As another program that was given the group by mistake: kafkajs' own way to assign partitions is not ours. */
  const joinGroup = async (groupId: string, topic: string): Promise<() => Promise<void>> => {
    const consumer = kafka.consumer({ groupId });
    await consumer.connect();
    await consumer.subscribe({ topics: [topic] });
    const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
    await consumer.run({ eachMessage: async () => {} });
    await joined;
    return () => consumer.disconnect();
  };

  const place = (domain: string, ids: readonly string[]) =>
    producers.get(domain)?.send({
      topic: topicOf(domain, "place-order"),
      acks: -1,
      messages: ids.map((id) => ({ key: id, value: JSON.stringify({ order_id: id, amount: 5 }) })),
    });
  const stateOf = async (domain: string, id: string): Promise<string | undefined> => {
    const rows = await host.store.query<{ state: string }>(
      "select state from rollcall.entity where domain = $1 and entity_id = $2",
      [domain, id],
    );
    return rows[0]?.state;
  };
  const untilState = (domain: string, id: string, state: string) =>
    waitUntil(async () => expect(await stateOf(domain, id)).toBe(state), {
      what: `${id} of ${domain}`,
      timeoutMs: PATIENCE_MS,
    });
  /** Orders books, each when the one before has gone its way through store, bank and topics. */
  const customer = (): (() => Promise<void>) => {
    let isStopped = false;
    const stopped = (async () => {
      while (!isStopped) {
        await place("books", [`book-${sold}`]);
        await untilState("books", `book-${sold}`, "TOLD");
        sold++;
      }
    })();
    stopped.catch(() => {});
    return () => ((isStopped = true), stopped);
  };
  const sellsMore = async (): Promise<void> => {
    const before = sold;
    await waitUntil(async () => expect(sold).toBeGreaterThanOrEqual(before + 3), {
      what: "the next orders of books",
      timeoutMs: PATIENCE_MS,
    });
  };

  const ask = async <Body>(path: string): Promise<Body> => (await fetch(url + path)).json() as Promise<Body>;
  const ready = () =>
    Promise.all(
      ["", "?domain=books", "?domain=tools", "?domain=kits"].map(
        async (query) => (await fetch(`${url}/health/ready${query}`)).status,
      ),
    );
  /** On the page of each domain: the codes. */
  const onPage = async (domain: string) => {
    const { troubles } = await ask<{ troubles: readonly Said[] }>(`/api/v1/domains/${domain}/overview?history=false`);
    return troubles.map(({ code }) => code);
  };
  const inMetrics = async (): Promise<readonly string[]> => {
    const text = await (await fetch(`${url}/metrics`)).text();
    return [...text.matchAll(/^rollcall_trouble\{domain="(\w*)",code="(\w+)"\} 1$/gm)].map(
      ([, domain, code]) => `${domain} ${code}`,
    );
  };
  /** The one trouble of a domain, which is said wherever an operator may look, and of no other domain. */
  const untilTold = (failing: readonly string[], detail: RegExp): Promise<void> =>
    waitUntil(
      async () => {
        const isFailing = (domain: string): boolean => failing.includes(domain);
        expect(await ready()).toEqual([200, 200, isFailing("tools") ? 503 : 200, isFailing("kits") ? 503 : 200]);
        for (const domain of DOMAINS) expect(await onPage(domain)).toEqual(isFailing(domain) ? ["DOMAIN_FAILED"] : []);
        expect(await inMetrics()).toEqual(failing.map((domain) => `${domain} DOMAIN_FAILED`));
        const { checks } = await ask<{ checks: (Said & { name: string; level: string })[] }>("/api/v1/doctor");
        for (const domain of failing)
          expect(checks).toContainEqual(
            expect.objectContaining({
              ...{ domain, name: "DOMAIN_FAILED", level: "finding", detail: expect.stringMatching(detail) },
            }),
          );
        expect(checks.filter(({ domain, level }) => domain === "books" && level === "finding")).toEqual([]);
      },
      { what: `that ${failing.join(" and ")} failed`, timeoutMs: PATIENCE_MS },
    );
  /** What is ready is served. */
  const untilWell = async (): Promise<void> => {
    await waitUntil(async () => expect(await ready()).toEqual([200, 200, 200, 200]), {
      what: "every domain",
      timeoutMs: PATIENCE_MS,
    });
    for (const { runtime } of host.systems) expect(runtime.status().owned).toHaveLength(PARTITIONS);
  };

  it(
    "serves the others while a foreign consumer holds the group of one",
    async () => {
      await untilTold(["tools"], /protocol/);
      await sellsMore();
      await leave();
      await untilWell();
      await place("tools", ["saw"]);
      await untilState("tools", "saw", "TOLD");
    },
    TEST_MS,
  );

  it(
    "serves the others while topics of one have no leader, and one whose events can't be published",
    async () => {
      await cluster.brokers[1].stop();
      await place("kits", ["tent"]);
      await untilState("kits", "tent", "PAID");
      await untilTold(["tools", "kits"], /leader/);
      const { checks } = await ask<{ checks: Said[] }>("/api/v1/doctor?domain=kits");
      expect(checks).toContainEqual(
        expect.objectContaining({ name: "leaders", detail: expect.stringContaining(topicOf("kits", "orders")) }),
      );
      // Whoever starts meanwhile is not kept from it by topics that are not its own.
      expect(await configuredClusterId(config)).not.toBeNull();
      await host.system("books").runtime.restart(new Error("a test"));
      await sellsMore();
      await cluster.brokers[1].start();
      await untilWell();
      await untilState("kits", "tent", "TOLD");
      await place("tools", ["plane"]);
      await untilState("tools", "plane", "TOLD");
    },
    TEST_MS,
  );

  it(
    "serves the others while one is flooded, which alone is paused",
    async () => {
      const before = sold;
      for (let first = 0; first < FLOOD; first += 2_000)
        await place(
          "tools",
          Array.from({ length: 2_000 }, (_, nth) => `nail-${first + nth}`),
        );
      const codes = new Set<string>();
      await waitUntil(
        async () => {
          for (const { domain, code, blocks } of await host.troubles.list())
            codes.add(`${domain} ${code} blocks ${blocks}`);
          const [row] = await host.store.query<{ nails: number }>(
            "select count(*)::int as nails from rollcall.entity where entity_id like 'nail-%' and state = 'TOLD'",
          );
          expect(row?.nails).toBe(FLOOD);
        },
        { what: "the end of the flood", timeoutMs: PATIENCE_MS },
      );
      expect([...codes]).toEqual(["tools BACKPRESSURE blocks nothing"]);
      expect(sold).toBeGreaterThan(before + 3);
    },
    TEST_MS,
  );
});
