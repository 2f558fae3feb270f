import { describe, expect, it } from "vitest";
import { oneStore } from "../one-store.ts";
import { idsIn, pickupWithin, until } from "../orders.ts";
import { linesOf, refusing } from "../refusing.ts";

const { store, start, line } = await oneStore();

const [FIRST, SECOND, THIRD] = idsIn(1) as [string, string, string];

describe("a turn that the store refuses, although it takes others", () => {
  const startRefusing = async (type: string, pickupMs = 3_600_000) => {
    const { over, accept } = refusing(store, linesOf(type, FIRST));
    const orders = await start({ changed: pickupWithin(pickupMs) }, over);
    const refused = () => orders.runtime.status().refusedTurns;
    return { ...orders, accept, refused, untilRefused: () => until(() => refused().length === 1) };
  };
  const published = async () =>
    (
      await store.query<{ seq: number }>(
        `select published_seq as seq from rollcall.partition_owner where partition = 1`,
      )
    )[0]?.seq ?? 0;
  it("keeps an outcome while all else goes on, and takes it when the store does", async () => {
    const orders = await startRefusing("CardCharged");
    await orders.place([FIRST, SECOND, THIRD]);
    for (const id of [SECOND, THIRD]) await orders.untilState(id, "TOLD");
    await orders.untilRefused();
    expect(orders.refused()).toMatchObject([
      { partition: 1, entityId: FIRST, type: "CardCharged", intentId: expect.any(String), error: "no room for it" },
    ]);
    expect([await orders.stateOf(FIRST), orders.fatal]).toEqual(["UNPAID", []]);
    orders.accept();
    await orders.untilState(FIRST, "TOLD");
    await orders.settled();
    expect([orders.refused(), orders.fatal]).toEqual([[], []]);
  });

  it("has an outcome again after a change of the owner", async () => {
    const orders = await startRefusing("CardCharged");
    await orders.place([FIRST]);
    await orders.untilRefused();
    await orders.changeOwner();
    await orders.untilRefused();
    orders.accept();
    await orders.untilState(FIRST, "TOLD");
  });

  it("gives an outcome up when an operator ends its intent", async () => {
    const orders = await startRefusing("CardCharged");
    await orders.place([FIRST]);
    await orders.untilRefused();
    const id = String(orders.refused()[0]?.intentId);
    expect(orders.runtime.endIntent(id, "ended by ada: no use")).toMatchObject({
      entityId: FIRST,
      type: "card.charge",
    });
    await orders.settled();
    expect(orders.refused()).toEqual([]);
    expect(await line(`kind = 'end' and id = '${id}'`)).toMatchObject({ note: "ended by ada: no use" });
    expect(orders.runtime.endIntent(id, "again")).toBeUndefined();
    // The next one of its target goes on.
    await orders.publish("cancel-order", [{ order_id: FIRST }]);
    await orders.untilState(FIRST, "ENDED");
    await orders.settled();
  });

  it("keeps a deadline, also for the next owner", async () => {
    const orders = await startRefusing("deadline(pickup)", 300);
    await orders.place([FIRST, SECOND]);
    await orders.untilState(SECOND, "ENDED");
    await orders.untilRefused();
    expect(orders.refused()).toMatchObject([{ entityId: FIRST, type: "deadline(pickup)", intentId: null }]);
    await orders.changeOwner();
    await orders.untilRefused();
    orders.accept();
    await orders.untilState(FIRST, "ENDED");
    expect(orders.fatal).toEqual([]);
  });

  it("keeps the confirmation of a publish, and the cursor before its event", async () => {
    const orders = await startRefusing("published(OrderPaid)");
    await orders.place([FIRST, SECOND, THIRD]);
    for (const id of [SECOND, THIRD]) await orders.untilState(id, "TOLD");
    await orders.untilRefused();
    const event = await line(`kind = 'event' and type = 'OrderPaid' and entity_id = '${FIRST}'`);
    await orders.place(["o-another"]);
    expect(await published()).toBe(Number(event?.["seq"]) - 1);
    expect(await orders.stateOf(FIRST)).toBe("PAID");
    await orders.changeOwner();
    await orders.untilRefused();
    orders.accept();
    await orders.untilState(FIRST, "TOLD");
    await orders.settled();
    expect(await published()).toBeGreaterThan(Number(event?.["seq"]));
  });
});
