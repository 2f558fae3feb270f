import { afterAll, beforeAll, expect, it } from "vitest";
import type { OutgoingMessage } from "../../runtime/ports/event-bus.ts";
import { keyAndHeaderBytes } from "../../runtime/shell/turns/read-items.ts";
import { kafkaBus, readAll } from "../adapters/kafka/kafka-test-bus.ts";
import { RealWorld } from "../blackbox/registration/real-world.ts";
import { waitUntil } from "../real/services/wait-until.ts";
import { describeReal } from "../real/services/describe-real.ts";
import { introspection, type RecordFixture } from "./registration/record-fixture.ts";
import { records, titleOf } from "./registration/records.ts";
import { idIn, PARTITIONS, recordOf } from "./registration/taking-in.ts";

const CALL_BYTES_MAX = 400 * 1024;
/** What is larger our own producer does not send; of a foreign one Kafka takes up to its own limit. */
const BUS_BYTES_MAX = 512 * 1024;

interface Sent {
  readonly fixture: RecordFixture;
  /** Of the good message behind it in its partition. */
  readonly behind: string;
}
interface LetterRow {
  readonly error_code: string;
  readonly place: string;
  readonly headers: Readonly<Record<string, string>>;
}

describeReal("bad messages, through Kafka", (services) => {
  let world: RealWorld;
  const sent: Sent[] = [];
  let letters: readonly LetterRow[] = [];

  beforeAll(async () => {
    world = await RealWorld.create(services, { partitions: PARTITIONS });
    await publishAll();
    const behind = sent.map((each) => each.behind);
    await waitUntil(async () => expect(await taken()).toEqual(new Set(behind)), {
      what: "every good message behind a bad one",
      timeoutMs: 120_000,
    });
    letters = await world.query<LetterRow>(
      `select error_code, topic || '/' || partition || '/' || "offset" as place, headers from rollcall.dead_letter`,
    );
  }, 240_000);
  afterAll(() => world.close());

  /** Good messages that the journal has. */
  async function taken(): Promise<ReadonlySet<string>> {
    const wanted = new Set(sent.map(({ behind }) => behind));
    const rows = await world.query<{ entity_id: string }>(
      `select distinct entity_id from rollcall.journal where kind = 'message'`,
    );
    return new Set(rows.map(({ entity_id }) => entity_id).filter((id) => wanted.has(id)));
  }

  async function publishAll(): Promise<void> {
    const bus = kafkaBus(services.kafka);
    let call: OutgoingMessage[] = [];
    let bytes = 0;
    const flush = async (): Promise<void> => {
      if (call.length > 0) await bus.publish(call, { timeoutMs: 60_000 });
      [call, bytes] = [[], 0];
    };
    for (const fixture of records) {
      const { type = "NodeIntrospectionEvent" } = fixture;
      const { partition, key, value, headers } = recordOf(fixture).record;
      const topic = world.inputTopic(type);
      const bad = { topic, partition, key, value, headers: { ...headers, "x-fixture": String(sent.length) } };
      const size = (value?.length ?? 0) + keyAndHeaderBytes(bad as never);
      if (size > BUS_BYTES_MAX) continue;
      const behind = idIn(partition);
      const good = JSON.stringify(introspection(behind, { reason: "shutdown" }));
      // A heartbeat that changes nothing is not journaled.
      const goodTopic = type === "NodeHeartbeatEvent" ? world.inputTopic("NodeIntrospectionEvent") : topic;
      if (bytes + size > CALL_BYTES_MAX) await flush();
      call.push(bad, { topic: goodTopic, partition, key: Buffer.from(behind), value: Buffer.from(good), headers: {} });
      bytes += size;
      sent.push({ fixture, behind });
    }
    await flush();
    await bus.close();
  }

  it("each is dead-lettered once with its code, or accepted", () => {
    const wrong = sent.flatMap(({ fixture }, index) => {
      const codes = letters
        .filter(({ headers }) => headers["x-fixture"] === String(index))
        .map(({ error_code }) => error_code);
      const expected = "dead" in fixture.outcome ? [fixture.outcome.dead] : [];
      return codes.join() === expected.join() ? [] : [`${titleOf(fixture)}: ${codes.join()}`];
    });
    expect(wrong).toEqual([]);
    console.log(`records, through Kafka: ${sent.length} inputs, ${letters.length} dead letters`);
  });

  it("each dead letter is in Kafka once, with its place", async () => {
    const rows = letters.map(({ place }) => place).toSorted();
    const isThere = async (): Promise<void> => {
      const published = await readAll(services.kafka, [world.deadLetterTopic]);
      const places = published.map(({ headers }) =>
        ["dlq_topic", "dlq_partition", "dlq_offset"].map((name) => headers[name]?.toString()).join("/"),
      );
      expect(places.toSorted()).toEqual(rows);
    };
    // They are published behind the commit that stores them.
    await waitUntil(isThere, { what: "the dead letters in Kafka", timeoutMs: 60_000 });
  });

  it("was one process throughout, without any trouble", () => {
    expect(world.programs).toHaveLength(1);
    const said = world.programs[0]?.said() ?? "";
    // Of a long log the end is kept.
    const [, ...lines] = said.trimEnd().split("\n");
    for (const line of lines) expect(JSON.parse(line)).toHaveProperty("level");
    expect(said).not.toMatch(/can't be reached|refused for good|another process/);
  });
});
