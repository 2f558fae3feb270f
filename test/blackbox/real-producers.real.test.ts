import { crc32 } from "node:zlib";
import { CloudEvent, Kafka as CloudEventsOnKafka } from "cloudevents";
import { afterAll, beforeAll, expect, it } from "vitest";
import { v4 } from "uuid";
import { describeReal } from "../real/services/describe-real.ts";
import { waitUntil } from "../real/services/wait-until.ts";
import type { LoggedRecord } from "./kafka-reader.ts";
import type { Sent } from "./topics.ts";
import { RealWorld } from "./registration/real-world.ts";
import { expectPromisesKept } from "./registration/settled.ts";
import { TestNode } from "./registration/test-node.ts";
import { getJson } from "./world.ts";

const PARTITIONS = 4;
const LIMIT_BYTES = 256 * 1024;
const FIRST_LIFE = ["Initiated", "Accepted", "AckReceived", "BecameActive"];
const introspectionOf = (id: string, more: object = {}) => ({ node_id: id, node_type: "effect", ...more });

describeReal("foreign producers on Kafka", (services) => {
  let world: RealWorld;

  beforeAll(async () => {
    world = await RealWorld.create(services);
  });
  afterAll(() => world.close());

  /** A node whose introspection and ACK reach Kafka in a way of the producer's own. */
  async function registers(id: string, send: (type: string, payload: object) => Promise<unknown>): Promise<TestNode> {
    const node = new TestNode(world, id);
    await send("NodeIntrospectionEvent", introspectionOf(id, { endpoints: [`http://${id}.test:8080`] }));
    const accepted = await node.until("NodeRegistrationAccepted");
    const { registration_attempt_id } = accepted.payload;
    await send("NodeRegistrationAcked", { node_id: id, registration_attempt_id });
    await node.until("NodeBecameActive");
    await node.untilInCatalog({ passing: true, address: `${id}.test` });
    expect(await node.types()).toEqual(FIRST_LIFE);
    return node;
  }

  /** The lines about copies that were sent on to their own partition. */
  const repartitioned = async (ids: readonly string[]) =>
    (await world.journal()).filter(({ kind, entity_id = "" }) => kind === "repartitioned" && ids.includes(entity_id));

  it.concurrent("takes bare payloads, with their ids from the headers", async () => {
    const correlationId = v4();
    const headers = { message_id: v4(), correlation_id: correlationId };
    const node = await registers("bare", (type, payload) =>
      world.send(type, { key: "bare", value: JSON.stringify(payload), headers: { ...headers } }),
    );
    expect(node.events()[0]?.payload).toMatchObject({
      causation_id: headers.message_id,
      correlation_id: correlationId,
    });
  });

  it.concurrent("takes CloudEvents in structured mode", async () => {
    await registers("structured", (type, data) => {
      const event = new CloudEvent({ type, source: "/stranger", data });
      const { headers, value } = CloudEventsOnKafka.structured(event) as { headers: Sent["headers"]; value: string };
      return world.send(type, { key: "structured", value, headers: headers ?? {} });
    });
  });

  it.concurrent("takes CloudEvents in binary mode", async () => {
    const id = v4();
    const node = await registers("binary", (type, data) => {
      const event = new CloudEvent({ id, type, source: "/stranger", datacontenttype: "application/json", data });
      // The library leaves attributes that the event lacks as undefined.
      const given = Object.entries(CloudEventsOnKafka.binary(event).headers).filter(([, text]) => text !== undefined);
      const headers = Object.fromEntries(given) as Sent["headers"];
      return world.send(type, { key: "binary", value: JSON.stringify(data), headers: headers ?? {} });
    });
    expect(node.events()[0]?.payload["causation_id"]).toBe(id);
  });

  it.concurrent("takes messages without a key: a copy goes to the right partition", async () => {
    const node = await registers("keyless", async (type, payload) => {
      for (let partition = 0; partition < PARTITIONS; partition++)
        await world.send(type, {
          partition,
          // Each copy is another message with equal content: the first registers, the others are absorbed or late.
          value: JSON.stringify(payload),
          headers: { message_id: v4() },
        });
    });
    expect(await repartitioned([node.id])).toHaveLength(2 * (PARTITIONS - 1));
  });

  it.concurrent("takes messages of a producer that partitions by CRC32, as librdkafka does", async () => {
    // One of these lies elsewhere by CRC32 than by murmur2, whatever the hash of the others.
    const nodes = ["crc-1", "crc-2", "crc-3", "crc-4"].map((id) =>
      registers(id, (type, payload) =>
        world.send(type, { key: id, value: JSON.stringify(payload), partition: crc32(id) % PARTITIONS }),
      ),
    );
    const ids = (await Promise.all(nodes)).map(({ id }) => id);
    expect((await repartitioned(ids)).length).toBeGreaterThan(0);
  });

  const fitting = JSON.stringify(introspectionOf("unfit"));
  const unfit: Readonly<
    Record<string, readonly [code: string, value: string | Buffer | null, headers?: Sent["headers"]]>
  > = {
    "no value": ["MALFORMED_JSON", null],
    "half a document": ["MALFORMED_JSON", fitting.slice(0, -1)],
    "no UTF-8": ["MALFORMED_JSON", Buffer.from([0x7b, 0xff, 0xfe, 0x7d])],
    "no object": ["INVALID_PAYLOAD", "[]"],
    "no node": ["INVALID_PAYLOAD", "{}"],
    "a forbidden id": ["INVALID_PAYLOAD", JSON.stringify(introspectionOf("../../x; drop"))],
    "another type": [
      "UNKNOWN_TYPE",
      JSON.stringify({ payload_type: "NodeBecameActive", payload: introspectionOf("unfit") }),
    ],
    "a version of the future": [
      "VERSION_UNSUPPORTED",
      JSON.stringify({ payload_schema_version: { major: 2, minor: 0, patch: 0 }, payload: introspectionOf("unfit") }),
    ],
    "a byte too many": [
      "TOO_LARGE",
      JSON.stringify(introspectionOf("unfit", { x: "" })).replace('""', `"${"x".repeat(LIMIT_BYTES)}"`),
    ],
    "an endpoint with a password": [
      "INVALID_PAYLOAD",
      JSON.stringify(introspectionOf("unfit", { endpoints: ["http://a:b@c.test"] })),
      { "x-of-the-producer": "kept" },
    ],
  };

  it.concurrent.each(Object.entries(unfit))(
    "puts %s into the dead letters once, whole, and takes the next message",
    async (what, [code, value, headers = {}]) => {
      const id = `behind-${what.replaceAll(" ", "-")}`;
      const topic = world.inputTopic("NodeIntrospectionEvent");
      // Into the partition of the good message, before it.
      const { partition, offset } = await world.send("NodeIntrospectionEvent", { key: id, value, headers });
      const node = new TestNode(world, id);
      await node.becomeActive();
      const dead = await waitUntil(async () => deadLetter(topic, partition, offset), {
        what: `the dead letter of ${what}`,
        timeoutMs: 30_000,
      });
      const bytes = value === null ? null : Buffer.from(value);
      expect(dead.partition).toBe(partition);
      expect(String(dead.key)).toBe(id);
      expect(dead.value).toEqual(bytes && bytes.subarray(0, LIMIT_BYTES));
      expect(dead.headers).toMatchObject({
        ...headers,
        dlq_topic: topic,
        dlq_partition: String(partition),
        dlq_offset: String(offset),
        dlq_error_code: code,
        dlq_error: expect.stringMatching(/./),
        dlq_at: expect.stringMatching(/^\d{4}-/),
      });
      if (code === "TOO_LARGE") expect(dead.headers["dlq_truncated"]).toBeDefined();
    },
  );

  function deadLetter(topic: string, partition: number, offset: number): LoggedRecord {
    const found = world
      .deadLetters()
      .filter(
        ({ headers: { dlq_topic, dlq_partition, dlq_offset } }) =>
          dlq_topic === topic && dlq_partition === String(partition) && dlq_offset === String(offset),
      );
    expect(found).toHaveLength(1);
    return found[0] as LoggedRecord;
  }

  it.concurrent("lists dead letters over HTTP, and retries one, which becomes a dead letter again", async () => {
    const value = `{"node_id":"retried"`;
    const { partition, offset } = await world.send("NodeDeregister", { key: "retried", value });
    const topic = world.inputTopic("NodeDeregister");
    const listed = () => getJson<{ items: readonly DeadLetter[] }>(`${world.url}/api/v1/dead-letters?topic=${topic}`);
    const first = await waitUntil(
      async () => {
        const item = (await listed())?.items.find((each) => each.offset === offset && each.partition === partition);
        if (!item) throw new Error("not listed yet");
        return item;
      },
      { what: "the dead letter", timeoutMs: 30_000 },
    );
    expect(first).toMatchObject({ code: "MALFORMED_JSON", key: "retried", truncated: false, retried_at: null });
    const retried = await fetch(`${world.url}/api/v1/dead-letters/${first.id}/retry`, { method: "POST" });
    expect(retried.status).toBe(202);
    await waitUntil(async () => expect((await listed())?.items).toHaveLength(2), {
      what: "the second death",
      timeoutMs: 30_000,
    });
    const again = world.logged(world.deadLetterTopic).filter(({ headers }) => headers["dlq_topic"] === topic);
    expect(again.every((record) => String(record.value) === value)).toBe(true);
  });

  it("has kept every promise to all of these nodes", () => expectPromisesKept(world));
});

interface DeadLetter {
  readonly id: string;
  readonly code: string;
  readonly partition: number;
  readonly offset: number;
}
