import { describe, expect, it } from "vitest";
import { Fault } from "../../runtime/core/fault.ts";
import { done, effect, failed } from "../../runtime/core/effect.ts";
import type { Domain } from "../../runtime/core/domain.ts";
import type { EventBus } from "../../runtime/ports/event-bus.ts";
import type { SqlValue, Store } from "../../runtime/ports/store.ts";
import type { ShellEvent } from "../../runtime/shell/shell-event.ts";
import { toyCode } from "../contract/toy-domain.ts";
import { wrapped } from "../wrapped.ts";
import { oneStore } from "./one-store.ts";
import { idsIn, pickupWithin, until } from "./orders.ts";

const { store, start, journal } = await oneStore();

describe("the runtime, on a domain of orders", () => {
  /** The store, made unreachable at times for the runtime; the bus still reaches its log in it. */
  const outOfReach = (isDown: () => boolean): Store => {
    const reach = <Result>(work: () => Promise<Result>): Promise<Result> =>
      isDown() ? Promise.reject(new Fault("STORE_UNAVAILABLE", "down", { retryable: true })) : work();
    return wrapped(store as Store, {
      query: (text, values) =>
        text.includes("bus_record") ? store.query(text, values) : reach(() => store.query(text, values)),
      transaction: (work) => reach(() => store.transaction(work)),
    });
  };

  it("takes an order from placement to payment", async () => {
    const { place, untilState, settled } = await start();
    await place(["o1"]);
    await untilState("o1", "TOLD");
    await settled();
    expect((await journal("kind = 'event'")).map(({ type }) => type)).toEqual(["OrderPlaced", "OrderPaid"]);
    expect(await store.query(`select * from rollcall.intent`)).toEqual([]);
  });

  it("takes a repeated message once and journals the repeat", async () => {
    const { publish, untilState, settled } = await start();
    const twice = { order_id: "o1", amount: 5 };
    await publish("place-order", [twice, twice], () => ({ message_id: "once" }));
    await untilState("o1", "TOLD");
    await publish("place-order", [twice], () => ({ message_id: "once" }));
    await settled();
    await until(async () => (await journal("kind = 'repeat'")).length === 2);
    expect(await journal("type = 'OrderPlaced' and kind = 'event'")).toHaveLength(1);
  });

  it("takes several types from one topic, counts those that it skips, and refuses what names none", async () => {
    const changed = (domain: Domain): Domain => ({
      ...domain,
      consumed: domain.consumed.map((each) => ({ ...each, topic: "test.shop.all", skipsOtherTypes: true })),
    });
    const { publish, stateOf, untilState, settled, told } = await start({ changed });
    await publish("all", [{ order_id: "o1", amount: 5 }], () => ({ event_type: "orders.place-order" }));
    await untilState("o1", "TOLD");
    await publish("all", [{ payload_type: "CancelOrder", payload: { order_id: "o1" }, order_id: "o1" }]);
    await publish("all", [{ order_id: "o2" }], () => ({ event_type: "orders.move-order" }));
    await publish("all", [{ order_id: "o3", amount: 5 }]);
    await until(async () => (await stateOf("o1")) === "ENDED" && told.some(({ kind }) => kind === "dead_letter"));
    await settled();
    expect(told.flatMap((event) => (event.kind === "skipped" ? [event.type] : []))).toEqual(["orders.move-order"]);
    expect(told.filter(({ kind }) => kind === "dead_letter")).toMatchObject([
      { code: "UNKNOWN_TYPE", error: expect.stringContaining("the message names none") },
    ]);
  });

  it("remembers each message of a turn", async () => {
    const { publish, untilState, settled } = await start();
    const orders = Array.from({ length: 20 }, (_, i) => ({ order_id: `o${i}`, amount: 1 }));
    const said = () => publish("place-order", orders, (id) => ({ message_id: `place ${id}` }));
    await said();
    for (const { order_id } of orders) await untilState(order_id, "TOLD");
    await said();
    await until(async () => (await journal("kind in ('message', 'repeat') and type = 'PlaceOrder'")).length === 40);
    await settled();
    expect(await journal("kind = 'repeat'")).toHaveLength(20);
    expect(await journal("type = 'OrderPlaced' and kind = 'event'")).toHaveLength(20);
  });

  it("stores as published only what was published, not what was only journaled", async () => {
    let broken = true;
    const mute = (bus: EventBus): EventBus =>
      wrapped(bus, {
        publish: (messages, options) =>
          broken
            ? Promise.reject(new Fault("BUS_UNAVAILABLE", "no answer", { retryable: true }))
            : bus.publish(messages, options),
      });
    const { runtime, place, settled } = await start({ over: mute });
    const ahead = () =>
      store.query(`select j.seq from rollcall.journal j join rollcall.partition_owner o using (domain, partition)
      where j.topic is not null and j.seq > o.published_seq`);
    // The second turn would store a cursor that the first one left wrong.
    for (const n of [1, 2]) {
      await place(["o1"], n);
      await until(async () => (await journal("kind = 'message' and type = 'PlaceOrder'")).length === n);
    }
    expect(await ahead()).toHaveLength((await journal("topic is not null")).length);
    expect(runtime.status().bus).toMatchObject({ ok: false, reason: "no answer" });
    broken = false;
    await until(async () => (await ahead()).length === 0);
    await settled();
    expect(runtime.status().bus).toEqual({ ok: true });
  });

  it("stores what was published also when no message follows", async () => {
    const [charge] = [toyCode.effects["HandlerCardCharge"]];
    const HandlerCardCharge = effect(charge?.intent as never, ["BANK_BUSY"], () => new Promise<never>(() => {}));
    const { runtime, place } = await start({ effects: { HandlerCardCharge } });
    await place(["o1"]);
    const isStored = async () => {
      const [row] = await store.query<{ stored: boolean }>(
        `select j.seq <= o.published_seq as stored from rollcall.journal j
          join rollcall.partition_owner o using (domain, partition) where j.type = 'OrderPlaced'`,
      );
      return row?.stored === true;
    };
    await until(async () => (await isStored()) && runtime.status().waiting === 0);
  });

  it("tells which partition stands still although messages wait in it", async () => {
    // A partition whose records never come, as without a leader.
    const mute = (bus: EventBus): EventBus =>
      wrapped(bus, {
        subscribe: (topics, listener) =>
          bus.subscribe(topics, {
            ...listener,
            onRecords: (records) => listener.onRecords(records.filter(({ partition }) => partition !== 2)),
          }),
      });
    const { runtime, place, untilState } = await start({ over: mute });
    expect(runtime.status()).toMatchObject({ isAssignmentSettled: true, standstillMs: new Map() });
    const firstIn = (partition: number): string => idsIn(partition)[0] ?? "";
    await place([0, 1, 2, 3].map(firstIn));
    for (const partition of [0, 1, 3]) await untilState(firstIn(partition), "TOLD");
    await until(() => {
      const { standstillMs } = runtime.status();
      return standstillMs.size === 1 && (standstillMs.get(2) ?? 0) > 0;
    });
  });

  it("tells since when every commit fails, until one succeeds", async () => {
    let isDown = false;
    const { runtime, place, untilState } = await start(
      {},
      outOfReach(() => isDown),
    );
    await place(["o1"], 1);
    await untilState("o1", "TOLD");
    expect(runtime.status().commits.failing).toBeUndefined();
    isDown = true;
    await place(["o2"], 1);
    await until(() => (runtime.status().commits.failing?.forMs ?? 0) > 0);
    expect(runtime.status().commits.failing?.reason).toBe("down");
    isDown = false;
    await untilState("o2", "TOLD");
    expect(runtime.status().commits.failing).toBeUndefined();
  });

  it("dead-letters a message that the store refuses, and no other of its batch", async () => {
    await store.query(`alter table rollcall.entity add constraint refuse check (entity_id <> 'poison')`);
    const { place, untilState, told } = await start();
    const ids = ["a", "b", "poison", "c", "d"];
    await place(ids);
    for (const id of ["a", "b", "c", "d"]) await untilState(id, "TOLD");
    expect(told.filter(({ kind }) => kind === "dead_letter")).toMatchObject([{ code: "CORE_ERROR" }]);
    expect(await store.query(`select error_code from rollcall.dead_letter`)).toEqual([{ error_code: "CORE_ERROR" }]);
  });

  it("stores an unreadable record as a dead letter and goes on", async () => {
    const { publish, untilState } = await start();
    await publish("place-order", [
      { order_id: "bad", amount: "much" },
      { order_id: "good", amount: 2 },
    ]);
    await untilState("good", "TOLD");
    const [letter] = await store.query<{ error_code: string; error: string }>(
      `select error_code, error from rollcall.dead_letter`,
    );
    expect(letter).toMatchObject({ error_code: "INVALID_PAYLOAD", error: expect.stringContaining("/amount") });
  });

  it("writes nothing to a partition of another process, and takes it over again when it is assigned", async () => {
    // The service monitor would notice it within a second too.
    const unwatched = wrapped(store, {
      query: <Row>(text: string, values?: readonly SqlValue[]) =>
        text.startsWith("update rollcall.partition_owner")
          ? Promise.resolve([0, 1, 2, 3].map((partition) => ({ partition })) as Row[])
          : store.query<Row>(text, values),
    });
    const { place, untilState, told } = await start({}, unwatched);
    await store.query(`update rollcall.partition_owner set epoch = epoch + 1, owner = 'another'`);
    await place(["o1"]);
    await untilState("o1", "TOLD");
    const kinds = told.map(({ kind }) => kind);
    expect(
      kinds.indexOf("partitions_lost"),
      "before the first decision, which is told when it was written",
    ).toBeLessThan(kinds.indexOf("decision"));
    expect(kinds).toContain("partitions_lost");
    expect(await journal("type = 'OrderPlaced' and kind = 'event'")).toHaveLength(1);
  });

  // The answers to the questions can be lost too.
  it.each([1, 3])("asks the store before it runs a turn again when %i answers to commits are lost", async (lost) => {
    let lose = 0;
    const flaky: Store = wrapped(store, {
      transaction: async (work) => {
        const result = await store.transaction(work);
        if (lose-- > 0) throw new Fault("COMMIT_UNKNOWN", "lost", { retryable: true });
        return result;
      },
    });
    const { place, untilState } = await start({}, flaky);
    lose = 1;
    await place(["o1"]).catch(() => {});
    lose = lost;
    await untilState("o1", "TOLD");
    expect(await journal("type = 'OrderPlaced' and kind = 'event'")).toHaveLength(1);
    expect(await journal("kind = 'repeat'")).toEqual([]);
  });

  it("drops nothing while the store cannot be reached", async () => {
    let isDown = false;
    const { place, untilState, told } = await start(
      {},
      outOfReach(() => isDown),
    );
    await place(["o1"]);
    isDown = true;
    await until(() => told.some(({ kind }) => kind === "unreachable"));
    isDown = false;
    await untilState("o1", "TOLD");
    expect(await store.query(`select * from rollcall.dead_letter`)).toEqual([]);
  });

  it("fires a deadline later when the store becomes unreachable between its firing and its commit", async () => {
    let downUntilMs = 0;
    let told: readonly ShellEvent[] = [];
    const isDown = (): boolean => {
      // From the first firing on, for longer than what counts as an outage.
      if (downUntilMs === 0 && told.some(({ kind }) => kind === "deadline_fired"))
        downUntilMs = performance.now() + 4_000;
      return performance.now() < downUntilMs;
    };
    const { place, told: all } = await start({ changed: pickupWithin(1_000) }, outOfReach(isDown));
    told = all;
    const names = () => told.map((event) => (event.kind === "decision" ? event.message.type : event.kind));
    await place(["o1"]);
    await until(() => names().includes("deadline(pickup)"));
    const order = names().filter((name) => ["deadline_fired", "recovered", "deadline(pickup)"].includes(name));
    expect(order[0]).toBe("deadline_fired");
    expect(order.slice(-3)).toEqual(["recovered", "deadline_fired", "deadline(pickup)"]);
  });

  it("resumes intents and unpublished events that a stopped process left", async () => {
    let busy = true;
    const [charge] = [toyCode.effects["HandlerCardCharge"]];
    const HandlerCardCharge = effect(charge?.intent as never, ["BANK_BUSY"], async (intents) =>
      intents.map(() =>
        busy
          ? failed(new Fault("BANK_BUSY", "later", { retryable: true }))
          : done({ type: "CardCharged", payload: {} }),
      ),
    );
    const first = await start({ effects: { HandlerCardCharge } });
    await first.place(["o1"]);
    await until(async () => (await store.query(`select * from rollcall.intent`)).length === 1);
    await first.runtime.stop();
    await store.query(`update rollcall.partition_owner set published_seq = 0`);
    busy = false;
    const second = await start({ effects: { HandlerCardCharge } });
    await second.untilState("o1", "TOLD");
    const placed = await store.query<{ value: Buffer }>(
      `select value from rollcall.bus_record where topic = 'test.shop.orders' and convert_from(value, 'UTF8') ` +
        `like '%OrderPlaced%'`,
    );
    expect(placed.length).toBe(2);
    expect(placed[0]?.value.equals(placed[1]?.value ?? Buffer.of())).toBe(true);
  });

  it("does not serve a partition whose log ends before what was read of it, and says why", async () => {
    const { runtime } = await start();
    await store.query(
      `insert into rollcall.source_offset (domain, topic, partition, next_offset)
       select domain, topic, partition, 1000 from rollcall.partition_owner, rollcall.bus_topic where partition = 2`,
    );
    await store.query(`update rollcall.partition_owner set epoch = epoch + 1, owner = ''`);
    await until(() => runtime.status().refused.length > 0);
    expect(runtime.status().owned).toEqual([0, 1, 3]);
    expect(runtime.status().refused).toEqual([
      expect.stringMatching(/ partition 2 ends at 0 but 1000 was read before: not the log that was known; /),
    ]);
  });

  it("pauses partitions when a bound is reached, and drops nothing", async () => {
    let stuck = false;
    const slow: Store = wrapped(store, {
      transaction: async (work) => {
        await until(() => !stuck);
        return store.transaction(work);
      },
    });
    const paused: number[] = [];
    const watched = (bus: EventBus): EventBus =>
      wrapped(bus, {
        pause: (partitions) => {
          paused.push(...partitions);
          bus.pause(partitions);
        },
      });
    const limits = { waitingMessagesMax: 5, turnMessagesMax: 3, intentsMax: 4, unpublishedMax: 4 };
    const { runtime, place, untilState, settled, fatal } = await start({ limits, over: watched }, slow);
    stuck = true;
    const ids = Array.from({ length: 60 }, (_, index) => `o${index}`);
    for (const id of ids) await place([id]);
    await until(() => new Set(paused).size === 4);
    expect(runtime.status().waiting).toBeLessThan(60);
    stuck = false;
    for (const id of ids) await untilState(id, "TOLD");
    await settled();
    expect(fatal).toEqual([]);
  });
});
