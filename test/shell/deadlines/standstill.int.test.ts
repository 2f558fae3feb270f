import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { PgliteStore } from "../../../runtime/adapters/pglite/pglite-store.ts";
import { partitionOf } from "../../../runtime/core/murmur2.ts";
import type { BusListener, BusRecord, EventBus } from "../../../runtime/ports/event-bus.ts";
import { openInitializedStore } from "../../initialized-store.ts";
import { emptyTables, pickupWithin, startOrders, until } from "../orders.ts";

const PERIOD_MS = 4_500;
/** Longer than an outage is at least, and than what is left of the period. */
const HELD_MS = 5_000;

/** A bus that answers and delivers nothing while it is held, as in a consumer group that waits for a member. */
function holdable() {
  let held: BusRecord[] | undefined;
  let deliver: BusListener["onRecords"] = () => {};
  const over = (bus: EventBus): EventBus =>
    new Proxy(bus, {
      get(target, name) {
        if (name === "subscribe")
          return (topics: readonly string[], listener: BusListener) => {
            deliver = (records) => listener.onRecords(records);
            const onRecords: BusListener["onRecords"] = (records) => void (held?.push(...records) ?? deliver(records));
            return target.subscribe(topics, {
              onAssigned: (partitions) => listener.onAssigned(partitions),
              onRevoked: () => listener.onRevoked(),
              onFailure: (error) => listener.onFailure(error),
              onRecords,
            });
          };
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function" ? (value as (...args: unknown[]) => unknown).bind(target) : value;
      },
    });
  const hold = (): void => void (held = []);
  const release = (): void => {
    const records = held ?? [];
    held = undefined;
    deliver(records);
  };
  return { over, hold, release };
}

describe("a partition that stands still although bus and store answer", () => {
  let store: PgliteStore;
  beforeAll(async () => {
    store = await openInitializedStore();
  });
  beforeEach(() => emptyTables(store));
  afterAll(() => store.close());

  it("has the grace when it goes on, also under a later owner", async () => {
    const [id = "", other = ""] = Array.from({ length: 50 }, (_, index) => `o${index}`).filter(
      (each) => partitionOf(each, 4) === 0,
    );
    const bus = holdable();
    const { runtime, publish, stateOf, told } = await startOrders(store, {
      over: bus.over,
      changed: pickupWithin(PERIOD_MS),
    });
    await publish("place-order", [{ order_id: id, amount: 5 }]);
    await until(async () => (await stateOf(id)) === "TOLD");
    bus.hold();
    await publish("customer-seen", [{ order_id: other }]);
    await new Promise((resolve) => setTimeout(resolve, HELD_MS));
    bus.release();
    const releasedMs = performance.now();
    const [resumed] = await store.query<{ partition: number }>(
      "select partition from rollcall.partition_owner where resumed_at is not null",
    );
    expect(resumed).toEqual({ partition: 0 });
    await until(async () => (await stateOf(id)) === "ENDED");
    expect(performance.now() - releasedMs).toBeGreaterThan(PERIOD_MS - 1_500);
    expect(told.filter(({ kind }) => kind === "deadline_fired")).toHaveLength(1);
    await runtime.stop();
  });
});
