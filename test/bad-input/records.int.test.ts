import { Writable } from "node:stream";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLog, logShellEvents } from "../../app/host/log.ts";
import type { OutgoingMessage } from "../../runtime/ports/event-bus.ts";
import { keyAndHeaderBytes } from "../../runtime/shell/turns/read-items.ts";
import type { ShellEvent } from "../../runtime/shell/shell-event.ts";
import { HttpBench } from "../app/registration/http-bench.ts";
import { until } from "../shell/orders.ts";
import { sameId } from "./registration/fixtures/envelope.ts";
import { expectPlainLines, rollcall } from "./registration/looking.ts";
import { oneField, someBytes } from "./registration/mutations.ts";
import { introspection, type RecordFixture } from "./registration/record-fixture.ts";
import { records, titleOf } from "./registration/records.ts";
import { idIn, PARTITIONS, recordOf } from "./registration/taking-in.ts";

const LANE_BYTES_MAX = 400 * 1024;
/** A larger one is refused by the bus, with an error to the sender. */
const BUS_BYTES_MAX = 512 * 1024;
const MUTATED = 500;
const PATIENCE = { timeout: 50_000, interval: 50 };

interface Sent {
  readonly fixture: RecordFixture;
  readonly id: string;
  /** Of the good message behind it in its partition. */
  readonly behind: string;
}
interface LetterRow {
  readonly id: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly error_code: string;
  readonly error: string;
  readonly headers: Readonly<Record<string, string>>;
}

describe("bad messages, through the whole process", () => {
  let bench: HttpBench;
  let log = "";
  const told: ShellEvent[] = [];
  const decided = new Map<string, string>();
  const sent: Sent[] = [];

  beforeAll(async () => {
    bench = await HttpBench.open();
    const stream = new Writable({ write: (chunk: Buffer, _encoding, done) => ((log += chunk.toString()), done()) });
    logShellEvents(createLog("trace", undefined, stream as never), bench.system);
    bench.system.watch((event) => {
      told.push(event);
      if (event.kind === "decision") decided.set(event.message.entityId, event.decision.result);
    });
    await publishAll();
    await until(() => sent.every(({ behind }) => decided.has(behind)));
    await until(isSettled);
  }, 120_000);
  afterAll(() => bench.close());

  const isSettled = (): boolean => {
    const { waiting, intents, unpublished, lag } = bench.system.runtime.status();
    return waiting + intents + unpublished + lag === 0;
  };
  const letters = () =>
    bench.system.store.query<LetterRow>(
      `select id, topic, partition, "offset"::int as "offset", error_code, error, headers from rollcall.dead_letter`,
    );

  /** Each with a good message behind it, in calls as large as the bus takes. */
  async function publishAll(): Promise<void> {
    let call: OutgoingMessage[] = [];
    let bytes = 0;
    const flush = async () => {
      if (call.length > 0) await bench.system.bus.publish(call, { timeoutMs: 30_000 });
      [call, bytes] = [[], 0];
    };
    for (const fixture of records) {
      const index = sent.length;
      const { id, record } = recordOf(fixture);
      const { topic, partition, key, value } = record;
      const bad = { topic, partition, key, value, headers: { ...record.headers, "x-fixture": String(index) } };
      const behind = idIn(partition);
      const good = JSON.stringify(introspection(behind, { reason: "shutdown" }));
      const size = (value?.length ?? 0) + keyAndHeaderBytes(record);
      if (size > BUS_BYTES_MAX) {
        await expect(bench.system.bus.publish([bad], { timeoutMs: 5_000 })).rejects.toThrow(/524288 bytes are allowed/);
        continue;
      }
      if (bytes + size > LANE_BYTES_MAX) await flush();
      call.push(bad, { topic, partition, key: Buffer.from(behind), value: Buffer.from(good), headers: {} });
      bytes += size;
      sent.push({ fixture, id, behind });
    }
    await flush();
  }

  it("each is dead-lettered once with its code, or accepted, and none holds up the message behind it", async () => {
    const found = await letters();
    const codesOf = (index: number) =>
      found.filter(({ headers }) => headers["x-fixture"] === String(index)).map(({ error_code }) => error_code);
    const wrong = sent.flatMap(({ fixture, id }, index) => {
      const codes = codesOf(index);
      const expected = "dead" in fixture.outcome ? [fixture.outcome.dead] : [];
      const isTaken = decided.has(id) === "taken" in fixture.outcome;
      return codes.join() === expected.join() && isTaken
        ? []
        : [`${titleOf(fixture)}: ${codes.join()} ${decided.get(id) ?? ""}`];
    });
    expect(wrong).toEqual([]);
    console.log(`records, whole process: ${sent.length} inputs, ${found.length} dead letters`);
  });

  it("each dead letter is in its topic once, with its place", async () => {
    const { deadLetterTopic } = bench.system.domain;
    const published = await bench.system.store.query<{ headers: Record<string, string> }>(
      `select headers from rollcall.bus_record where topic = $1`,
      [deadLetterTopic],
    );
    const places = published.map(({ headers: { dlq_topic, dlq_partition, dlq_offset, dlq_error_code } }) =>
      [dlq_topic, dlq_partition, dlq_offset, dlq_error_code].join(" "),
    );
    const rows = (await letters()).map((row) => [row.topic, row.partition, row.offset, row.error_code].join(" "));
    expect(places.toSorted()).toEqual(rows.toSorted());
  });

  it("keeps the content of a good one, and can show it", async () => {
    for (const { fixture, id } of sent) {
      if ("dead" in fixture.outcome || fixture.type !== undefined) continue;
      const { status, body } = await bench.ask(`/api/v1/registrations/${id}`);
      expect([titleOf(fixture), status, body["node"]]).toEqual([
        titleOf(fixture),
        200,
        expect.objectContaining({ node_id: id, ...fixture.outcome.holds }),
      ]);
      expect((await bench.ask(`/api/v1/registrations/${id}/timeline`)).status).toBe(200);
    }
  });

  it("recognizes a repeat by its id, whatever its content", async () => {
    const id = idIn(0);
    const topic = recordOf(records[0] as RecordFixture).record.topic;
    for (const value of [sameId.first(id), sameId.second(id)])
      await bench.system.bus.publish(
        [{ topic, partition: 0, key: null, value: Buffer.from(String(value)), headers: {} }],
        { timeoutMs: 5_000 },
      );
    const repeats = () => told.filter(({ kind }) => kind === "repeat").length;
    await expect.poll(repeats, PATIENCE).toBe(1);
    const { body } = await bench.ask<{ node: object }>(`/api/v1/registrations/${id}`);
    expect(body.node).not.toHaveProperty("node_name");
  });

  it(`accepts or refuses ${2 * MUTATED} changed messages, each once`, async () => {
    const before = told.length;
    const lettersBefore = (await letters()).length;
    const mutated = fc.sample(fc.oneof(oneField, someBytes), 2 * MUTATED);
    const topics = new Map(bench.system.domain.consumed.map(({ type, topic }) => [type, topic]));
    for (let from = 0; from < mutated.length; from += 50)
      await bench.system.bus.publish(
        mutated.slice(from, from + 50).map(({ type, bytes }, i) => ({
          ...{ topic: topics.get(type) ?? "", partition: i % PARTITIONS, key: null, value: bytes, headers: {} },
        })),
        { timeoutMs: 30_000 },
      );
    const since = () => told.slice(before);
    // A message in another entity's partition is forwarded, and processed there.
    const ended = () =>
      since().filter(
        (event) =>
          (event.kind === "decision" && event.message.kind === "bus") ||
          event.kind === "dead_letter" ||
          event.kind === "repeat",
      );
    await expect.poll(() => ended().length, PATIENCE).toBe(mutated.length);
    await until(isSettled);
    const refused = ended().filter(({ kind }) => kind === "dead_letter");
    expect((await letters()).length - lettersBefore).toBe(refused.length);
    console.log(`changed messages, whole process: ${mutated.length} inputs, ${refused.length} dead letters`);
  }, 120_000);

  it("reported no fault, and published everything", () => {
    const kinds = new Set(told.map(({ kind }) => kind));
    for (const kind of ["unreachable", "unpublishable", "partitions_lost"]) expect(kinds).not.toContain(kind);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  it("wrote one log line each, without control sequences for terminals", () => {
    expectPlainLines(log);
    for (const line of log.trimEnd().split("\n")) expect(JSON.parse(line)).toHaveProperty("level");
  });

  it("shows all of it on a terminal as plain lines", async () => {
    const [worst] = (await letters()).filter(({ error }) => error.includes("\\u001b"));
    for (const args of [
      ["dlq", "list"],
      ["dlq", "show", worst?.id ?? ""],
      ["nodes", "list"],
    ]) {
      const said = await rollcall([...args, "--url", bench.url]);
      expect(said.split("\n").length).toBeGreaterThan(3);
      expectPlainLines(said);
    }
  }, 60_000);
});
