import { describe, expect, it } from "vitest";
import { done, effect, failed } from "../../../runtime/core/effect.ts";
import { Fault } from "../../../runtime/core/fault.ts";
import type { EventBus } from "../../../runtime/ports/event-bus.ts";
import type { Sql } from "../../../runtime/ports/store.ts";
import { toyCode } from "../../contract/toy-domain.ts";
import { wrapped } from "../../wrapped.ts";
import { type Orders, oneStore } from "../one-store.ts";
import { pickupWithin, until } from "../orders.ts";

const { store, start } = await oneStore();
const LIMITS = { limits: { unreadableRecheckMs: 100 } };
const OTHERS = ["o2", "o3", "o4", "o5", "o6", "o7", "o8"];
const MESSAGE_ID = "0195c0de-0000-7000-8000-000000000001";

describe("an entity that can't be read", () => {
  /** The next owner finds it so. */
  const damage = ({ changeOwner }: Orders, id: string, more = (_: Sql): Promise<unknown> => Promise.resolve()) =>
    changeOwner(async (tx) => {
      await tx.query(`update rollcall.entity_data set data = '{"amount":"much"}' where entity_id = $1`, [id]);
      await more(tx);
    });
  const mend = (id: string): Promise<unknown> =>
    store.query(`update rollcall.entity_data set data = '{"amount":5}' where entity_id = $1`, [id]);
  const deadLetters = () =>
    store.query<{ code: string; error: string }>(
      `select error_code as code, error from rollcall.dead_letter order by at, "offset"`,
    );
  const placed = async (orders: Orders, state: string, ...ids: readonly string[]): Promise<void> => {
    await orders.place(ids);
    for (const id of ids) await orders.untilState(id, state);
  };
  const told = async (options: Parameters<typeof start>[0] = {}): Promise<Orders> => {
    const orders = await start({ ...LIMITS, ...options });
    await placed(orders, "TOLD", "o1");
    await orders.settled();
    return orders;
  };
  const untilFound = ({ runtime }: Orders) => until(() => runtime.status().unreadable.count > 0);

  it("has its messages as dead letters, and the others of its partition go on", async () => {
    const orders = await told();
    await damage(orders, "o1");
    await orders.publish("cancel-order", [{ order_id: "o1" }]);
    await placed(orders, "TOLD", ...OTHERS);
    await until(async () => (await deadLetters()).length > 0);
    expect(await deadLetters()).toEqual([
      {
        code: "ENTITY_UNREADABLE",
        error: expect.stringMatching(/^the stored data of o1 can't be read: \/amount: /) as string,
      },
    ]);
    expect(await orders.stateOf("o1")).toBe("TOLD");
    const { count, partitions, examples } = orders.runtime.status().unreadable;
    expect({ count, partitions: partitions.length }).toEqual({ count: 1, partitions: 1 });
    expect(examples).toEqual([{ entityId: "o1", problem: expect.stringContaining("/amount") as string }]);
    expect(orders.fatal).toEqual([]);
  });

  it("takes a dead letter's message once it can be read", async () => {
    const orders = await told();
    await damage(orders, "o1");
    const cancel = () => orders.publish("cancel-order", [{ order_id: "o1" }], () => ({ message_id: MESSAGE_ID }));
    await cancel();
    await until(async () => (await deadLetters()).length > 0);
    await mend("o1");
    await cancel();
    await orders.untilState("o1", "ENDED");
    expect(orders.runtime.status().unreadable.count).toBe(0);
  });

  it("keeps its deadline until it can be read, and then it fires", async () => {
    const orders = await told({ changed: pickupWithin(3_600_000) });
    await placed(orders, "TOLD", "o2");
    // That of the other is due long enough after it for several firings.
    await damage(orders, "o1", (tx) =>
      tx.query(
        `update rollcall.entity set deadlines = json_build_object('pickup', json_build_object('renewedAt', null, 'at',
           (extract(epoch from clock_timestamp()) * 1000)::bigint + case entity_id when 'o2' then 1500 else 0 end))`,
      ),
    );
    await orders.untilState("o2", "ENDED");
    await orders.settled();
    expect(await orders.stateOf("o1")).toBe("TOLD");
    expect(orders.runtime.status()).toMatchObject({ deadlines: 1, unreadable: { count: 1 } });
    await mend("o1");
    await orders.untilState("o1", "ENDED");
    expect(await deadLetters()).toEqual([]);
    expect(orders.told.filter(({ kind }) => kind === "deadline_fired")).toHaveLength(3);
  });

  it("keeps an outcome until it can be read", async () => {
    let isBusy = true;
    const charge = toyCode.effects["HandlerCardCharge"]?.intent as never;
    const HandlerCardCharge = effect(charge, ["BANK_BUSY"], async (intents: readonly unknown[]) =>
      intents.map(() => (isBusy ? busy : done({ type: "CardCharged", payload: {} }))),
    );
    const orders = await start({ ...LIMITS, effects: { HandlerCardCharge } });
    await placed(orders, "UNPAID", "o1");
    await damage(orders, "o1");
    isBusy = false;
    await untilFound(orders);
    await placed(orders, "TOLD", "o2");
    expect(await orders.stateOf("o1")).toBe("UNPAID");
    expect(orders.runtime.status().intents).toBe(1);
    await mend("o1");
    await orders.untilState("o1", "TOLD");
    await orders.settled();
    expect(await deadLetters()).toEqual([]);
  });

  it("keeps a confirmed publish until it can be read, also for a next owner", async () => {
    let isSilent = true;
    const over = (bus: EventBus): EventBus =>
      wrapped(bus, { publish: (...all) => (isSilent ? Promise.reject(noAnswer) : bus.publish(...all)) });
    const orders = await start({ ...LIMITS, over });
    await placed(orders, "PAID", "o1");
    await damage(orders, "o1");
    isSilent = false;
    await untilFound(orders);
    await placed(orders, "TOLD", ...OTHERS);
    await orders.settled();
    await orders.changeOwner();
    await untilFound(orders);
    expect(await orders.stateOf("o1")).toBe("PAID");
    await mend("o1");
    await orders.untilState("o1", "TOLD");
    await orders.settled();
    await until(async () => (await unpublished()) === 0);
  });

  /** Events that a next owner would publish. */
  const unpublished = async (): Promise<number> => {
    const [row] = await store.query<{ events: number }>(
      `select count(*)::int as events from rollcall.journal j join rollcall.partition_owner o
         on o.domain = j.domain and o.partition = j.partition
        where j.kind = 'event' and j.seq > o.published_seq`,
    );
    return row?.events ?? 0;
  };
});

const busy = failed(new Fault("BANK_BUSY", "busy", { retryable: true }));
const noAnswer = new Fault("BUS_UNAVAILABLE", "no answer", { retryable: true });
