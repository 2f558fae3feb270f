import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Kafka, logLevel } from "kafkajs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { groupBy } from "../../runtime/shell/group-by.ts";
import { installParcels } from "../parcels.ts";
import { describeReal } from "../real/services/describe-real.ts";
import { waitUntil } from "../real/services/wait-until.ts";
import { contractsCopy, deadlinesOf } from "./registration/contracts-copy.ts";
import { envelopeOf } from "./evidence.ts";
import { KafkaReader, publishedRecordOf } from "./kafka-reader.ts";
import type { Program } from "./program.ts";
import { REGISTRATION } from "./registration/public-domain.ts";
import { RealWorld } from "./registration/real-world.ts";
import { nodeLoad, parcelLoad } from "./registration/rolling-load.ts";
import { expectPromisesKept } from "./registration/settled.ts";

const PATIENCE_MS = 60_000;
const TEST_MS = 180_000;
/** New ones that are served before the next step, so that each step happens under load. */
const MORE = 5;
const LIVENESS_MS = 8_000;
const LIFE = ["Initiated", "Accepted", "AckReceived", "BecameActive"];

describeReal("three processes that are restarted one after the other under load, with a further module", (services) => {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-rolling-"));
  // Whoever is not heard of expires before a killed process is missed, and no guard holds that, however many they are.
  const contracts = contractsCopy(...deadlinesOf("10s", `${LIVENESS_MS / 1_000}s`), [
    "orchestrator",
    "min_count: 5",
    "min_count: 1000",
  ]);
  const command = ["start", "--contracts", contracts.dir, "--module", "registration"];
  /** One machine has a port once. */
  const doorless = { ROLLCALL_LISTENERS: "parcels=off" };
  const withParcels = [...command, "--module", installParcels(folder)];
  let world: RealWorld;
  let nodes: ReturnType<typeof nodeLoad>;
  let locker: Awaited<ReturnType<typeof parcelLoad>>;
  const topicOf = (name: string): string => `dev.${world.namespace}.parcels.${name}.v1`;

  beforeAll(async () => {
    world = await RealWorld.create(services, {
      contractsDir: contracts.dir,
      partitions: 6,
      environment: { KAFKA_SESSION_TIMEOUT_MS: "10000", ROLLCALL_LOG_LEVEL: "info" },
    });
    nodes = nodeLoad(world);
    await Promise.all([world.start(), world.start()]);
  }, TEST_MS);
  afterAll(async () => {
    await world.close();
    contracts.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const ofParcels = async (): Promise<ReadonlyMap<string, number>> => {
    const rows = await world.query<{ state: string; count: number }>(
      "select state, count(*)::int as count from rollcall.entity where domain = 'parcels' group by state",
    );
    return new Map(rows.map(({ state, count }) => [state, count]));
  };
  const readiness = async ({ url }: Program) => {
    const answer = await fetch(`${url}/health/ready`);
    const { troubles } = (await answer.json()) as { readonly troubles: readonly object[] };
    return { status: answer.status, troubles };
  };
  /** All three are there and have no trouble, and each domain that is served takes more. */
  const allGoesOn = async (): Promise<void> => {
    const ready = { status: 200, troubles: [] };
    await waitUntil(
      async () => expect(await Promise.all(world.programs.map(readiness))).toEqual([ready, ready, ready]),
      {
        what: "three processes without a trouble",
        timeoutMs: PATIENCE_MS,
      },
    );
    const [nodesBefore, before] = [nodes.active(), await ofParcels()];
    const done = async () => [nodes.active() - nodesBefore, (await ofParcels()).get("COLLECTED") ?? 0] as const;
    const collected = (before.get("COLLECTED") ?? 0) + (locker === undefined ? 0 : MORE);
    await waitUntil(
      async () => {
        const [more, parcels] = await done();
        expect(more).toBeGreaterThanOrEqual(MORE);
        expect(parcels).toBeGreaterThanOrEqual(collected);
      },
      { what: "more nodes and parcels", timeoutMs: PATIENCE_MS },
    );
  };

  it(
    "serve both domains in the end, and each of them on the way",
    async () => {
      await allGoesOn();
      for (const old of [...world.programs]) {
        expect(await old.stop()).toEqual({ code: 0, signal: null });
        await world.start(doorless, { command: withParcels });
        locker ??= await parcelLoad(services.kafka, topicOf("cmd"));
        await allGoesOn();
      }
    },
    TEST_MS,
  );

  it(
    "go on when one is killed, and when it is back",
    async () => {
      const [killed] = world.programs;
      await killed?.kill();
      await world.start(doorless, { command: withParcels });
      await allGoesOn();
    },
    TEST_MS,
  );

  it(
    "have expired nobody, and lost and repeated nothing",
    async () => {
      nodes.close();
      await locker.end();
      await waitUntil(
        async () => {
          expect(nodes.active()).toBe(nodes.nodes.length);
          expect(await ofParcels()).toEqual(new Map([["COLLECTED", locker.parcels.length]]));
        },
        { what: "every node and parcel", timeoutMs: PATIENCE_MS },
      );
      await expectNobodyExpired();

      const everyone = nodes.nodes.map(({ id }) => ({ node_id: id }));
      await world.publishAll("NodeDeregister", everyone);
      await nodes.end();
      await expectPromisesKept(world);
      await expectParcelsOnce();
      await expectAllRead();
      expect(world.deadLetters()).toEqual([]);
    },
    TEST_MS,
  );

  const expectNobodyExpired = async (): Promise<void> => {
    const { registrations, inputs = [] } = await world.evidence();
    expect(registrations).toHaveLength(nodes.nodes.length);
    const beats = inputs.filter(({ type }) => type === "NodeHeartbeatEvent");
    const seen = nodes.nodes.map((node) => {
      const times = beats.filter(({ value }) => String(value).includes(`"${node.id}"`)).map(({ atMs }) => atMs);
      const silentMs = Math.max(...times.map((atMs, nth) => (times[nth + 1] ?? atMs) - atMs));
      const state = registrations.find(({ node_id }) => node_id === node.id)?.state;
      const types = node.events().map(({ type }) => type.replace(/^Node(Registration)?/, ""));
      return { id: node.id, silentMs, state, types };
    });
    // A machine that held up the test made nodes silent.
    const heard = seen.filter(({ silentMs }) => silentMs < LIVENESS_MS);
    expect(heard).toEqual(heard.map(({ id, silentMs }) => ({ id, silentMs, state: "ACTIVE", types: LIFE })));
  };
  /** Each parcel was stored and collected, once each: every copy of an event is the same, and no number is missing. */
  const expectParcelsOnce = async (): Promise<void> => {
    const reader = await KafkaReader.open(
      services.kafka,
      ["evt", "dlq"].map(topicOf),
      `stranger-of-${world.namespace}`,
    );
    await reader.caughtUp();
    await reader.close();
    expect(reader.of(topicOf("dlq"))).toEqual([]);
    const events = new Map(
      reader.records.map((record) => [String(record.value), envelopeOf(publishedRecordOf(record))]),
    );
    const lives = [...groupBy(events.values(), ({ payload }) => String(payload["entity_id"]))];
    const inOrder = lives.map(([id, life]) => [
      id,
      ...life.map(({ payload_type, payload }) => `${Number(payload["entity_seq"])} ${payload_type}`).sort(),
    ]);
    // The mail to its owner may come too late for one that was collected at once.
    const lifeOf = (id: string) => {
      const told = inOrder.some(([each, , second]) => each === id && second === "2 OwnerTold");
      return [id, "1 ParcelStored", ...(told ? ["2 OwnerTold", "3 ParcelCollected"] : ["2 ParcelCollected"])];
    };
    expect(inOrder.sort()).toEqual(locker.parcels.map(lifeOf).sort());
  };
  /** The stored offsets of both domains are the ends of their topics. */
  const expectAllRead = async (): Promise<void> => {
    const admin = new Kafka({ brokers: services.kafka.split(","), logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const topics = [...Object.keys(REGISTRATION.inputs).map((type) => world.inputTopic(type)), topicOf("cmd")];
    const ends = await Promise.all(
      topics.map(async (topic) =>
        (await admin.fetchTopicOffsets(topic)).flatMap(({ partition, high }) =>
          high === "0" ? [] : `${topic}[${partition}]@${high}`,
        ),
      ),
    );
    await admin.disconnect();
    await waitUntil(async () => expect(await world.storedOffsets()).toEqual(expect.arrayContaining(ends.flat())), {
      what: "offsets at the ends",
      timeoutMs: PATIENCE_MS,
    });
  };
});
