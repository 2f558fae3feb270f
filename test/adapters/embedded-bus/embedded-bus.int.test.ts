import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { migrate } from "../../../runtime/adapters/sql/migrate.ts";
import { SystemClock } from "../../../runtime/adapters/system-clock.ts";
import { EmbeddedBus } from "../../../runtime/adapters/embedded-bus/embedded-bus.ts";
import { Fault } from "../../../runtime/core/fault.ts";
import type { OutgoingMessage } from "../../../runtime/ports/event-bus.ts";
import type { Sql, SqlValue, Store } from "../../../runtime/ports/store.ts";
import { openInitializedStore } from "../../initialized-store.ts";
import { describeEventBus } from "../bus-conformance.ts";
import { RecordingListener } from "../bus-listener.ts";
import { ManualClock } from "../../manual-clock.ts";

const migrations = { scope: "runtime", directory: new URL("../../../runtime/adapters/migrations/", import.meta.url) };
const patience = { timeoutMs: 30_000 };
const hourMs = 3_600_000;

describe("EmbeddedBus", () => {
  let store: Store;
  beforeAll(async () => {
    store = await openInitializedStore();
    await migrate(store, [migrations]);
  });
  afterAll(() => store.close());

  describeEventBus("EmbeddedBus", { create: async () => new EmbeddedBus({ store, clock: new SystemClock() }) });

  describe("with a controlled clock", () => {
    let clock: ManualClock;
    let topic: string;
    let listener: RecordingListener;
    const buses: EmbeddedBus[] = [];
    beforeEach(() => {
      clock = new ManualClock();
      topic = `in-${randomUUID()}`;
      listener = new RecordingListener();
    });
    afterEach(() => {
      for (const bus of buses.splice(0)) void bus.close();
    });

    /** Advances the clock in small steps until the condition holds, so that retries and sweeps run. */
    const passUntil = async (condition: () => boolean | Promise<boolean>, stepMs = 10): Promise<void> => {
      for (let step = 0; step < 2_000; step += 1) {
        if (await condition()) return;
        clock.pass(stepMs);
        await sleep(1);
      }
      throw new Error(`never: ${condition}`);
    };
    const open = async (on: Store = store, partitions = 1): Promise<EmbeddedBus> => {
      const bus = new EmbeddedBus({ store: on, clock, retentionMs: hourMs });
      buses.push(bus);
      await bus.prepare({ input: [topic], output: [`${topic}-out`], partitions });
      await bus.subscribe([topic], listener);
      const before = listener.assignments.length;
      await passUntil(() => listener.assignments.length > before);
      return bus;
    };
    const message = (value: string | Buffer, to = topic): OutgoingMessage => ({
      ...{ topic: to, partition: 0, key: Buffer.from("k"), value: Buffer.from(value), headers: {} },
    });
    const numbered = (count: number, to = topic): OutgoingMessage[] =>
      Array.from({ length: count }, (_, index) => message(String(index), to));
    const offsets = async (of = topic): Promise<number[]> =>
      (
        await store.query<{ offset: number }>(
          `select "offset" from rollcall.bus_record where topic = $1 order by "offset"`,
          [of],
        )
      ).map(({ offset }) => offset);

    it("has times that never go back, even when the machine's clock does, also after a restart", async () => {
      const first = await open();
      const { brokerTimeMs } = await first.publish([message("a")], patience);
      clock.wallAtMs -= hourMs;
      expect((await first.publish([message("b")], patience)).brokerTimeMs).toBe(brokerTimeMs);
      await first.close();
      const second = await open();
      expect((await second.publish([message("c")], patience)).brokerTimeMs).toBe(brokerTimeMs);
      clock.wallAtMs = brokerTimeMs + hourMs;
      expect((await second.publish([message("d")], patience)).brokerTimeMs).toBe(brokerTimeMs + hourMs);
    });

    it("continues its offsets after a restart", async () => {
      await (await open()).publish(numbered(5), patience);
      const second = await open();
      await second.publish([message("later")], patience);
      expect(await offsets()).toEqual([0, 1, 2, 3, 4, 5]);
    });

    it("delivers a large backlog in pages that are bounded in bytes", async () => {
      const bus = await open();
      for (let call = 0; call < 16; call += 1) await bus.publish([message(Buffer.alloc(500_000, call))], patience);
      const sizes: number[] = [];
      listener.onRecords = (records) => void sizes.push(records.length);
      bus.startPartition(0, new Map([[topic, 0]]));
      await passUntil(() => sizes.reduce((sum, size) => sum + size, 0) === 16);
      expect(Math.max(...sizes)).toBe(9);
    });

    it("deletes old records that are no longer needed, in small batches, and never a partition's newest", async () => {
      const bus = await open();
      for (let call = 0; call < 5; call += 1) await bus.publish(numbered(1_000), patience);
      await bus.publish(numbered(3, `${topic}-out`), patience);
      bus.startPartition(0, new Map([[topic, 0]]));
      clock.pass(2 * hourMs);
      await passUntil(async () => (await offsets(`${topic}-out`)).length === 1, 1_000);
      // The output has no subscriber, so its age is enough; the input is still needed from its beginning.
      expect(await offsets(`${topic}-out`)).toEqual([2]);
      expect(await offsets()).toHaveLength(5_000);

      bus.commitPositionsHint(new Map([[topic, new Map([[0, 4_500]])]]));
      await passUntil(async () => (await offsets()).length <= 500, 1_000);
      await passUntil(async () => (await bus.logEnds([topic], patience)).get(topic)?.get(0)?.low === 4_500);
      expect((await offsets())[0]).toBe(4_500);

      bus.commitPositionsHint(new Map([[topic, new Map([[0, 5_000]])]]));
      await passUntil(async () => (await offsets()).length === 1, 1_000);
      expect((await bus.logEnds([topic], patience)).get(topic)?.get(0)).toEqual({ low: 4_999, high: 5_000 });

      const next = await open();
      expect((await next.logEnds([topic], patience)).get(topic)?.get(0)).toEqual({ low: 4_999, high: 5_000 });
    });

    it("keeps young records that were read already", async () => {
      const bus = await open();
      await bus.publish(numbered(10), patience);
      bus.startPartition(0, new Map([[topic, 10]]));
      clock.pass(hourMs / 2);
      await bus.publish(numbered(10), patience);
      bus.commitPositionsHint(new Map([[topic, new Map([[0, 20]])]]));
      clock.pass(hourMs * 0.75);
      await passUntil(async () => (await offsets()).length === 10, 1_000);
      expect((await offsets())[0]).toBe(10);
    });

    it("delivers from the first existing record when the position is below it", async () => {
      const bus = await open();
      await bus.publish(numbered(10), patience);
      await store.query(`delete from rollcall.bus_record where topic = $1 and "offset" < 7`, [topic]);
      bus.startPartition(0, new Map([[topic, 2]]));
      await passUntil(() => listener.records.length === 3);
      expect(listener.records.map(({ offset }) => offset)).toEqual([7, 8, 9]);
    });

    it("rejects a publish after its timeout, and delivers once what was written all the same", async () => {
      const flaky = new FlakyStore(store);
      const bus = await open(flaky);
      bus.startPartition(0, new Map([[topic, 0]]));
      flaky.slowMs = 100;
      const failed = bus.publish([message("slow")], { timeoutMs: 20 });
      clock.pass(20);
      await expect(failed).rejects.toMatchObject({ code: "BUS_UNAVAILABLE", retryable: true });
      flaky.slowMs = 0;
      await bus.publish([message("next")], patience);
      await passUntil(() => listener.records.length === 2);
      expect(listener.values(topic, 0)).toEqual(["slow", "next"]);
    });

    it("delivers what was written by a publish whose answer was lost", async () => {
      const flaky = new FlakyStore(store);
      const bus = await open(flaky);
      bus.startPartition(0, new Map([[topic, 0]]));
      flaky.failAfter = 1;
      await expect(bus.publish([message("unknown")], patience)).rejects.toMatchObject({ code: "BUS_UNAVAILABLE" });
      expect((await bus.logEnds([topic], patience)).get(topic)?.get(0)).toEqual({ low: 0, high: 1 });
      await passUntil(() => listener.records.length === 1);
      await bus.publish([message("next")], patience);
      await passUntil(() => listener.records.length === 2);
      expect(listener.values(topic, 0)).toEqual(["unknown", "next"]);
    });

    /** A bus with three records, started at the first, whose first page takes 100 ms. */
    const readingSlowly = async (): Promise<EmbeddedBus> => {
      const flaky = new FlakyStore(store);
      const bus = await open(flaky);
      await bus.publish(numbered(3), patience);
      flaky.slowMs = 100;
      bus.startPartition(0, new Map([[topic, 0]]));
      flaky.slowMs = 0;
      return bus;
    };

    it("delivers appended records after the page that is still being read", async () => {
      const bus = await readingSlowly();
      await bus.publish([message("3"), message("4")], patience);
      expect(listener.records).toEqual([]);
      await passUntil(() => listener.records.length === 5);
      expect(listener.values(topic, 0)).toEqual(["0", "1", "2", "3", "4"]);
    });

    it("delivers no page that arrives while its partition is paused", async () => {
      const bus = await readingSlowly();
      bus.pause([0]);
      await sleep(150);
      expect(listener.records).toEqual([]);
      bus.resume([0]);
      await passUntil(() => listener.records.length === 3);
      expect(listener.values(topic, 0)).toEqual(["0", "1", "2"]);
    });

    it("delivers no page that was requested before another start", async () => {
      const bus = await readingSlowly();
      bus.startPartition(0, new Map([[topic, 2]]));
      await sleep(150);
      expect(listener.values(topic, 0)).toEqual(["2"]);
    });

    it("delivers no page that was requested before a revocation", async () => {
      const bus = await readingSlowly();
      bus.requestReassignment();
      clock.pass(0);
      await sleep(150);
      expect(listener.calls).toEqual(["assigned", "revoked", "assigned"]);
      expect(listener.records).toEqual([]);
    });

    it("continues reading after the database has failed", async () => {
      const flaky = new FlakyStore(store);
      const bus = await open(flaky);
      await bus.publish(numbered(3), patience);
      flaky.failBefore = 4;
      bus.startPartition(0, new Map([[topic, 0]]));
      await passUntil(() => listener.records.length === 3, 250);
      expect(flaky.failBefore).toBe(0);
      expect(listener.values(topic, 0)).toEqual(["0", "1", "2"]);
    });

    it("refuses topics and partitions that do not exist", async () => {
      const bus = await open();
      const nowhere = bus.publish([message("x", "no-such-topic")], patience);
      await expect(nowhere).rejects.toMatchObject({ code: "BUS_UNAVAILABLE" });
      await expect(nowhere).rejects.toThrow("no-such-topic");
      await expect(bus.publish([{ ...message("x"), partition: 1 }], patience)).rejects.toThrow("no partition 1");
      await expect(bus.logEnds(["no-such-topic"], patience)).rejects.toMatchObject({ code: "BUS_UNAVAILABLE" });
    });

    it("stores headers in a form that people can read", async () => {
      const bus = await open();
      await bus.publish([{ ...message("x"), headers: { type: "grüße", raw: Buffer.from([255]) } }], patience);
      const [row] = await store.query("select headers from rollcall.bus_record where topic = $1", [topic]);
      expect(row).toEqual({ headers: { type: "grüße", raw: { base64: "/w==" } } });
    });
  });
});

/** A store that is slow, or fails before or after the statement was run. */
class FlakyStore implements Store {
  readonly kind = "pglite";
  readonly #store: Store;
  slowMs = 0;
  failBefore = 0;
  failAfter = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  async query<Row = Record<string, unknown>>(text: string, values?: readonly SqlValue[]): Promise<Row[]> {
    await sleep(this.slowMs);
    const fault = new Fault("STORE_UNAVAILABLE", "flaky", { retryable: true });
    if (this.failBefore > 0) {
      this.failBefore -= 1;
      throw fault;
    }
    const rows = await this.#store.query<Row>(text, values);
    if (this.failAfter > 0) {
      this.failAfter -= 1;
      throw fault;
    }
    return rows;
  }

  transaction<Result>(work: (tx: Sql) => Promise<Result>): Promise<Result> {
    return this.#store.transaction(work);
  }
  script(tx: Sql, text: string): Promise<void> {
    return this.#store.script(tx, text);
  }
  version(): Promise<string> {
    return this.#store.version();
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}
