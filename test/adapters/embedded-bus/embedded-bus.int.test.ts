import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { EmbeddedBroker } from "../../../runtime/adapters/embedded-bus/embedded-broker.ts";
import { EmbeddedBus } from "../../../runtime/adapters/embedded-bus/embedded-bus.ts";
import { SystemClock } from "../../../runtime/adapters/system-clock.ts";
import { Fault } from "../../../runtime/core/fault.ts";
import type { Sql, SqlValue, Store } from "../../../runtime/ports/store.ts";
import { openInitializedStore } from "../../initialized-store.ts";
import { emptyTables } from "../../shell/orders.ts";
import { describeEventBus } from "../bus-conformance.ts";
import { RecordingListener } from "../bus-listener.ts";
import { message as messageTo, numberedMessages, patience } from "../bus-messages.ts";
import { LogStage } from "./log-stage.ts";

const hourMs = 3_600_000;

describe("EmbeddedBus", () => {
  let store: Store;
  let broker: EmbeddedBroker;
  let buses = 0;
  beforeAll(async () => {
    store = await openInitializedStore();
    await emptyTables(store);
    broker = new EmbeddedBroker({ store, clock: new SystemClock() });
  });
  afterAll(() => store.close());

  describeEventBus("EmbeddedBus", { create: async () => new EmbeddedBus({ broker, domain: `domain-${buses++}` }) });

  describe("with a controlled clock", () => {
    let stage: LogStage;
    beforeEach(() => {
      stage = new LogStage(store);
    });
    afterEach(() => stage.close());

    const message = (value: string | Buffer) => messageTo(stage.topic, 0, value);
    const numbered = (count: number) => numberedMessages(stage.topic, 0, 0, count);

    it("has times that never go back, even when the machine's clock does, also after a restart", async () => {
      const first = await stage.open();
      const { brokerTimeMs } = await first.publish([message("a")], patience);
      stage.clock.wallAtMs -= hourMs;
      expect((await first.publish([message("b")], patience)).brokerTimeMs).toBe(brokerTimeMs);
      await first.close();
      const second = await stage.open();
      expect((await second.publish([message("c")], patience)).brokerTimeMs).toBe(brokerTimeMs);
      stage.clock.wallAtMs = brokerTimeMs + hourMs;
      expect((await second.publish([message("d")], patience)).brokerTimeMs).toBe(brokerTimeMs + hourMs);
    });

    it("continues its offsets after a restart", async () => {
      await (await stage.open()).publish(numbered(5), patience);
      const second = await stage.open();
      await second.publish([message("later")], patience);
      expect(await stage.offsets()).toEqual([0, 1, 2, 3, 4, 5]);
    });

    it("delivers a large backlog in pages that are bounded in bytes", async () => {
      const bus = await stage.open();
      for (let call = 0; call < 16; call += 1) await bus.publish([message(Buffer.alloc(500_000, call))], patience);
      const sizes: number[] = [];
      stage.listener.onRecords = (records) => void sizes.push(records.length);
      bus.startPartition(0, new Map([[stage.topic, 0]]));
      await stage.passUntil(() => sizes.reduce((sum, size) => sum + size, 0) === 16);
      expect(Math.max(...sizes)).toBe(9);
    });

    it("delivers from the first existing record when the position is below it", async () => {
      const bus = await stage.open();
      await bus.publish(numbered(10), patience);
      await store.query(`delete from rollcall.bus_record where topic = $1 and "offset" < 7`, [stage.topic]);
      bus.startPartition(0, new Map([[stage.topic, 2]]));
      await stage.passUntil(() => stage.listener.records.length === 3);
      expect(stage.listener.records.map(({ offset }) => offset)).toEqual([7, 8, 9]);
    });

    it("rejects a publish after its timeout, and delivers once what was written all the same", async () => {
      const flaky = new FlakyStore(store);
      const bus = await stage.open({ broker: stage.broker(flaky) });
      bus.startPartition(0, new Map([[stage.topic, 0]]));
      flaky.slowMs = 100;
      const failed = bus.publish([message("slow")], { timeoutMs: 20 });
      stage.clock.pass(20);
      await expect(failed).rejects.toMatchObject({ code: "BUS_UNAVAILABLE", retryable: true });
      flaky.slowMs = 0;
      await bus.publish([message("next")], patience);
      await stage.passUntil(() => stage.listener.records.length === 2);
      expect(stage.listener.values(stage.topic, 0)).toEqual(["slow", "next"]);
    });

    it("delivers what was written by a publish whose answer was lost", async () => {
      const flaky = new FlakyStore(store);
      const bus = await stage.open({ broker: stage.broker(flaky) });
      bus.startPartition(0, new Map([[stage.topic, 0]]));
      flaky.failAfter = 1;
      await expect(bus.publish([message("unknown")], patience)).rejects.toMatchObject({ code: "BUS_UNAVAILABLE" });
      expect((await bus.logEnds([stage.topic], patience)).get(stage.topic)?.get(0)).toEqual({ low: 0, high: 1 });
      await stage.passUntil(() => stage.listener.records.length === 1);
      await bus.publish([message("next")], patience);
      await stage.passUntil(() => stage.listener.records.length === 2);
      expect(stage.listener.values(stage.topic, 0)).toEqual(["unknown", "next"]);
    });

    /** A bus with three records, started at the first, whose first page takes 100 ms. */
    const readingSlowly = async (): Promise<EmbeddedBus> => {
      const flaky = new FlakyStore(store);
      const bus = await stage.open({ broker: stage.broker(flaky) });
      await bus.publish(numbered(3), patience);
      flaky.slowMs = 100;
      bus.startPartition(0, new Map([[stage.topic, 0]]));
      flaky.slowMs = 0;
      return bus;
    };

    it("delivers appended records after the page that is still being read", async () => {
      const bus = await readingSlowly();
      await bus.publish([message("3"), message("4")], patience);
      expect(stage.listener.records).toEqual([]);
      await stage.passUntil(() => stage.listener.records.length === 5);
      expect(stage.listener.values(stage.topic, 0)).toEqual(["0", "1", "2", "3", "4"]);
    });

    it("delivers no page that arrives while its partition is paused", async () => {
      const bus = await readingSlowly();
      bus.pause([0]);
      await sleep(150);
      expect(stage.listener.records).toEqual([]);
      bus.resume([0]);
      await stage.passUntil(() => stage.listener.records.length === 3);
      expect(stage.listener.values(stage.topic, 0)).toEqual(["0", "1", "2"]);
    });

    it("delivers no page that was requested before another start", async () => {
      const bus = await readingSlowly();
      bus.startPartition(0, new Map([[stage.topic, 2]]));
      await sleep(150);
      expect(stage.listener.values(stage.topic, 0)).toEqual(["2"]);
    });

    it("delivers no page that was requested before a revocation", async () => {
      const bus = await readingSlowly();
      bus.requestReassignment();
      stage.clock.pass(0);
      await sleep(150);
      expect(stage.listener.calls).toEqual(["assigned", "revoked", "assigned"]);
      expect(stage.listener.records).toEqual([]);
    });

    it("continues reading after the database has failed", async () => {
      const flaky = new FlakyStore(store);
      const bus = await stage.open({ broker: stage.broker(flaky) });
      await bus.publish(numbered(3), patience);
      flaky.failBefore = 4;
      bus.startPartition(0, new Map([[stage.topic, 0]]));
      await stage.passUntil(() => stage.listener.records.length === 3, 250);
      expect(flaky.failBefore).toBe(0);
      expect(stage.listener.values(stage.topic, 0)).toEqual(["0", "1", "2"]);
    });

    it("blames a listener that throws, not whoever published, and delivers to the others", async () => {
      const shared = stage.broker();
      const bus = await stage.open({ broker: shared });
      const broken = new RecordingListener();
      broken.onRecords = () => {
        throw new Error("broken");
      };
      const other = await stage.open({ broker: shared, domain: "broken", listener: broken });
      for (const each of [other, bus]) each.startPartition(0, new Map([[stage.topic, 0]]));
      await bus.publish([message("x")], patience);
      expect(broken.failures).toEqual([new Error("broken")]);
      await stage.passUntil(() => stage.listener.records.length === 1);
    });

    it("refuses topics and partitions that do not exist", async () => {
      const bus = await stage.open();
      const nowhere = bus.publish([messageTo("no-such-topic", 0, "x")], patience);
      await expect(nowhere).rejects.toMatchObject({ code: "BUS_UNAVAILABLE" });
      await expect(nowhere).rejects.toThrow("no-such-topic");
      await expect(bus.publish([{ ...message("x"), partition: 1 }], patience)).rejects.toThrow("no partition 1");
      await expect(bus.logEnds(["no-such-topic"], patience)).rejects.toMatchObject({ code: "BUS_UNAVAILABLE" });
    });

    it("stores headers in a form that people can read", async () => {
      const bus = await stage.open();
      await bus.publish([{ ...message("x"), headers: { type: "grüße", raw: Buffer.from([255]) } }], patience);
      const [row] = await store.query("select headers from rollcall.bus_record where topic = $1", [stage.topic]);
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
