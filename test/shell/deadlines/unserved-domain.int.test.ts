import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { EmbeddedBroker } from "../../../runtime/adapters/embedded-bus/embedded-broker.ts";
import { EmbeddedBus } from "../../../runtime/adapters/embedded-bus/embedded-bus.ts";
import type { PgliteStore } from "../../../runtime/adapters/pglite/pglite-store.ts";
import { SystemClock } from "../../../runtime/adapters/system-clock.ts";
import { unservedDomains } from "../../../runtime/stored/domains.ts";
import type { ShellEvent } from "../../../runtime/shell/shell-event.ts";
import { openInitializedStore } from "../../initialized-store.ts";
import { emptyTables, pickupWithin, publisherOn, startOrders, until } from "../orders.ts";

const HOURS_AWAY = 5;
const PERIOD_MS = 1_500;
/** The grace begins within the statement that takes the partitions over, and what is observed follows it. */
const STATEMENT_MS = 100;

describe("a domain that comes back after nobody served it for hours", () => {
  let store: PgliteStore;
  beforeAll(async () => {
    store = await openInitializedStore();
  });
  beforeEach(() => emptyTables(store));
  afterAll(() => store.close());

  async function leaveFor(hours: number): Promise<void> {
    await store.query(`update rollcall.partition_owner set served_at = served_at - make_interval(hours => $1::int)`, [
      hours,
    ]);
    await store.query(
      `update rollcall.entity set deadlines = json_build_object('pickup', json_build_object(
         'at', (deadlines::json -> 'pickup' ->> 'at')::bigint - $1::bigint * 3600000, 'renewedAt', null))::text`,
      [hours],
    );
  }

  it("gives everyone the grace, and expires only who stays silent in it", async () => {
    const first = await startOrders(store, { changed: pickupWithin(PERIOD_MS * 100) });
    await first.publish(
      "place-order",
      ["silent", "seen"].map((order_id) => ({ order_id, amount: 5 })),
    );
    for (const id of ["silent", "seen"]) await until(async () => (await first.stateOf(id)) === "TOLD");
    await first.settled();
    await first.runtime.stop();
    await leaveFor(HOURS_AWAY);
    const [away] = await unservedDomains(store);
    expect(away).toMatchObject({ domain: "orders", partitions: 4 });
    // It reached the log long after the deadline, but before anybody could tell.
    const bus = new EmbeddedBus({ broker: new EmbeddedBroker({ store, clock: new SystemClock() }), domain: "orders" });
    await publisherOn(bus)("customer-seen", [{ order_id: "seen" }]);
    await bus.close();

    const atMs = new Map<string, number>();
    const observe = ({ kind }: ShellEvent): void => void atMs.set(kind, performance.now());
    const second = await startOrders(store, { changed: pickupWithin(PERIOD_MS), observe });
    await until(async () => (await second.stateOf("silent")) === "ENDED");
    expect(await second.stateOf("seen")).toBe("TOLD");
    expect(await unservedDomains(store)).toEqual([]);
    const [ownedMs = NaN, firedMs = NaN] = ["partitions_owned", "deadline_fired"].map((kind) => atMs.get(kind));
    expect(firedMs - ownedMs).toBeGreaterThan(PERIOD_MS - STATEMENT_MS);
    await second.runtime.stop();
  });
});
