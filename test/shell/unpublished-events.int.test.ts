import { afterEach, beforeEach, expect, it } from "vitest";
import { PgliteStore } from "../../runtime/adapters/pglite/pglite-store.ts";
import type { Domain } from "../../runtime/core/domain.ts";
import { Fault } from "../../runtime/core/fault.ts";
import type { EventBus } from "../../runtime/ports/event-bus.ts";
import { readEntity } from "../../runtime/stored/entities.ts";
import { readJournal } from "../../runtime/stored/journal.ts";
import { Replay } from "../../runtime/replay/replay.ts";
import { readEventPage, readJournalEnds } from "../../runtime/stored/event-pages.ts";
import { wrapped } from "../wrapped.ts";
import { emptyTables, startOrders, until } from "./orders.ts";

let store: PgliteStore;
const stops: (() => Promise<void>)[] = [];
beforeEach(async () => {
  store = await PgliteStore.open({ directory: undefined });
  await emptyTables(store);
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  await store.close();
});

/** The domain of orders, in which the end of an order is not published. */
const endsUnpublished = (domain: Domain): Domain => ({
  ...domain,
  topicByEventType: new Map([...domain.topicByEventType, ["OrderEnded", null]]),
  countsPublished: true,
});

async function start(over?: (bus: EventBus) => EventBus) {
  const orders = await startOrders(store, { changed: endsUnpublished, ...(over && { over }) });
  stops.push(() => orders.runtime.stop());
  const inState = (state: string) => until(async () => (await orders.stateOf("o1")) === state);
  return { ...orders, inState };
}

const payloadOf = (value: string): Readonly<Record<string, unknown>> =>
  (JSON.parse(value) as { payload: Readonly<Record<string, unknown>> }).payload;
const numbered = (type: string, value: string) => [
  ...[type, payloadOf(value)["entity_seq"], payloadOf(value)["published_seq"]],
];

it("an event without a topic is in the journal and in streams, and never on the bus", async () => {
  const first = await start();
  await first.publish("place-order", [{ order_id: "o1", amount: 5 }]);
  await first.inState("TOLD");
  await first.publish("cancel-order", [{ order_id: "o1" }]);
  await first.inState("ENDED");
  await first.settled();
  expect(await readEntity(store, "orders", "o1")).toMatchObject({ seq: 3, publishedSeq: 2 });
  // Another process goes on with the count that is stored.
  await first.runtime.stop();
  const second = await start();
  await second.publish("place-order", [{ order_id: "o1", amount: 7 }]);
  await second.inState("TOLD");
  await second.settled();

  const sent = await store.query<{ value: Buffer }>(
    `select value from rollcall.bus_record where topic = 'test.shop.orders' order by "offset"`,
  );
  const published = [
    ["OrderPlaced", 1, 1],
    ["OrderPaid", 2, 2],
    ["OrderPlaced", 4, 3],
    ["OrderPaid", 5, 4],
  ];
  expect(
    sent.map(({ value }) => {
      const text = value.toString();
      return numbered((JSON.parse(text) as { payload_type: string }).payload_type, text);
    }),
  ).toEqual(published);
  const page = await readEventPage(store, "orders", [0, 0, 0, 0], await readJournalEnds(store, "orders"));
  expect(page.events.map(({ type, value }) => numbered(type, value))).toEqual([
    ...published.slice(0, 2),
    ["OrderEnded", 3, undefined],
    ...published.slice(2),
  ]);
  const replay = new Replay(new Map([[second.domain.contractHash, second.domain]]), {
    difference: (difference) => expect(difference).toBeUndefined(),
    incomplete: (id, reason) => expect(reason).toBe(id),
  });
  for await (const { lines, entities } of readJournal(store, "orders")) {
    for (const line of lines) replay.addLine(line);
    for (const snapshot of entities) replay.addSnapshot(snapshot);
  }
  expect(replay.end()).toMatchObject({ events: 5, states: 1, notCompared: 0, differences: 0 });
  const topics = await store.query(`select topic from rollcall.journal where kind = 'event' and type = 'OrderEnded'`);
  expect(topics).toEqual([{ topic: null }]);
});

it("a cursor passes nothing that waits to be published, also of the process before", async () => {
  const deaf = (bus: EventBus): EventBus =>
    wrapped(bus, {
      publish: () => Promise.reject(new Fault("BUS_UNAVAILABLE", "no answer", { retryable: true })),
    });
  const lines = (type: string) =>
    store.query(`select seq from rollcall.journal where kind = 'message' and type = $1`, [type]);
  for (const count of [1, 2]) {
    const { publish, runtime } = await start(deaf);
    await publish("place-order", [{ order_id: "o1", amount: 5 }]);
    await until(async () => (await lines("PlaceOrder")).length === count);
    await runtime.stop();
  }
  const passed = await store.query(
    `select 1 from rollcall.journal j join rollcall.partition_owner o using (domain, partition)
      where j.kind = 'event' and j.seq <= o.published_seq`,
  );
  expect(passed).toEqual([]);
});

it("lines of which nothing is published hold no cursor back: a takeover does not read them", async () => {
  const { publish, inState, settled, runtime } = await start();
  await publish("place-order", [{ order_id: "o1", amount: 5 }]);
  await inState("TOLD");
  await settled();
  await publish("cancel-order", [{ order_id: "o1" }]);
  await inState("ENDED");
  await publish("cancel-order", [{ order_id: "o1" }]);
  await settled();
  await runtime.stop();
  const behind = await store.query(
    `select partition from rollcall.partition_owner where published_seq <> next_seq - 1 or pending_seq <> next_seq`,
  );
  expect(behind).toEqual([]);
});
