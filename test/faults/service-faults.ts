import { setTimeout as sleep } from "node:timers/promises";
import { kafkaProxyFor } from "../real/services/kafka-proxy.ts";
import { restartPostgres, startKafka, stopKafka } from "../real/services/services.ts";
import { startTcpProxy, type Direction } from "../real/services/tcp-proxy.ts";
import type { Fault } from "./fault.ts";

const brokerDown: Fault = {
  name: "broker-down",
  what: "Kafka is killed and restarted after 60 s",
  criterion: "G1 to G11; G9: no node expires for it",
  async run(stage) {
    const world = await stage.world();
    const load = stage.load(world, { entities: 150, rate: 10 });
    await stage.untilDone(world, 100);
    const fromMs = Date.now();
    await stopKafka("kill");
    await sleep(60_000);
    const toMs = Date.now();
    await startKafka();
    world.outage(fromMs, toMs);
    return { downSeconds: Math.round((toMs - fromMs) / 1_000), ...(await stage.settle(world, [load])) };
  },
};

const postgresRestarts: Fault = {
  name: "postgres-restarts",
  what: "Postgres is restarted every 5 to 10 s for a minute, every second time by kill -9",
  criterion: "G1 to G11: the same turns again, nothing dead-lettered",
  async run(stage) {
    const world = await stage.world();
    const load = stage.load(world, { entities: 150, rate: 3 });
    let restarts = 0;
    await stage.during(60_000, async () => {
      await sleep(5_000 + Math.random() * 5_000);
      await restartPostgres(restarts++ % 2 === 0 ? "gracefully" : "kill");
    });
    return { restarts, ...(await stage.settle(world, [load])) };
  },
};

/** COMMIT in Postgres' protocol: sent in one packet with the writes, and answered in one with them. */
const isCommit = (request: Buffer): boolean => request.includes("Q\0\0\0\vcommit\0");
const isCommitted = (reply: Buffer): boolean => reply.includes("COMMIT\0");

const commitAnswers: Fault = {
  name: "commit-answer-lost",
  what: "every second the answer to a COMMIT is dropped and its connection closed, for 40 s",
  criterion: "G1 to G6: no turn runs twice, none is lost",
  async run(stage) {
    const url = new URL(stage.services.database);
    const proxy = await startTcpProxy(Number(url.port));
    stage.atEnd(() => proxy.close());
    const world = await stage.world({ databasePort: proxy.port });
    const load = stage.load(world, { entities: 150, rate: 4 });
    const swallowed = await stage.during(40_000, async () => {
      await Promise.race([proxy.swallowNextReply(isCommit, isCommitted), sleep(5_000)]);
      await sleep(1_000);
    });
    return { answersLost: swallowed, ...(await stage.settle(world, [load])) };
  },
};

const oneWay: Fault = {
  name: "network-one-way",
  what: "to each service in turn, the network is cut for 8 s: what is sent, then what is answered",
  criterion: "G1 to G11; nothing dead-lettered, nobody expires",
  async run(stage) {
    const kafka = await kafkaProxyFor(stage.services);
    const postgres = await startTcpProxy(Number(new URL(stage.services.database).port));
    const backends = await Promise.all(
      stage.domain.backends.map(async ({ addressIn, environment }) => {
        const proxy = await startTcpProxy(Number(new URL(addressIn(stage.services)).port));
        return { proxy, environment: environment(`http://127.0.0.1:${proxy.port}`) };
      }),
    );
    const proxies = [kafka, postgres, ...backends.map(({ proxy }) => proxy)];
    stage.atEnd(() => Promise.all(proxies.map((proxy) => proxy.close())));
    const world = await stage.world({
      databasePort: postgres.port,
      environment: Object.assign({}, ...backends.map(({ environment }) => environment)),
      first: { KAFKA_BOOTSTRAP_SERVERS: kafka.bootstrapServers },
    });
    const load = stage.load(world, { entities: 200, rate: 2 });
    let cuts = 0;
    const directions: readonly Direction[] = ["to target", "to client"];
    for (const proxy of proxies)
      for (const direction of directions) {
        await sleep(6_000);
        proxy.hold(direction);
        await sleep(8_000);
        proxy.release();
        cuts++;
      }
    return { cuts, ...(await stage.settle(world, [load])) };
  },
};

export const serviceFaults: readonly Fault[] = [brokerDown, postgresRestarts, commitAnswers, oneWay];
