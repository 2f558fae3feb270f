import { describe, expect, it } from "vitest";
import { done, effect, failed, type Outcome } from "../../../runtime/core/effect.ts";
import { Fault } from "../../../runtime/core/fault.ts";
import type { Sql, Store } from "../../../runtime/ports/store.ts";
import type { ShellLimits } from "../../../runtime/shell/limits.ts";
import { toyCode } from "../../contract/toy-domain.ts";
import { wrapped } from "../../wrapped.ts";
import { oneStore } from "../one-store.ts";
import { idsIn, until } from "../orders.ts";

const { store, start: startOrders, line } = await oneStore();

const busy = failed(new Fault("BANK_BUSY", "later", { retryable: true }));
const charged = done({ type: "CardCharged", payload: {} });
const PARTITIONS = [0, 1, 2, 3];
const idIn = (partition: number, nth = 0): string => idsIn(partition)[nth] ?? "";

/** The bank's answer to each call; undefined: it never answers. */
interface Bank {
  answer: Outcome | undefined;
  calls: number;
}

describe("the next owner of a partition", () => {
  async function start(bank: Bank, over: Store = store, limits: Partial<ShellLimits> = {}) {
    const waiting = new Set<() => void>();
    const [charge] = [toyCode.effects["HandlerCardCharge"]];
    const HandlerCardCharge = effect(charge?.intent as never, ["BANK_BUSY"], async (intents) => {
      bank.calls++;
      if (!bank.answer) await new Promise<void>((resolve) => waiting.add(resolve));
      return intents.map(() => bank.answer ?? busy);
    });
    const started = await startOrders({ effects: { HandlerCardCharge }, limits }, over);
    const answer = (): void => waiting.forEach((each) => each());
    const changeOwner = (change?: (tx: Sql) => Promise<unknown>): Promise<void> =>
      started.changeOwner(change).then(answer);
    return { ...started, answer, changeOwner };
  }
  const parked = () =>
    store.query<{ failed_tries: number; tries: readonly { at: string }[]; seq: number }>(
      `select failed_tries, tries, seq from rollcall.intent order by partition, seq`,
    );
  const cursors = (partition: number) =>
    store.query<{ pending_seq: number; next_seq: number }>(
      `select pending_seq, next_seq from rollcall.partition_owner where partition = $1`,
      [partition],
    );

  it("carries out intents that have no row, however much was written since", async () => {
    const bank: Bank = { answer: undefined, calls: 0 };
    const orders = await start(bank);
    const [first, second] = [idIn(1), idIn(1, 1)];
    await orders.place([first, second]);
    for (const id of [first, second]) await orders.untilState(id, "UNPAID");
    const asked = await line(`kind = 'intent' and entity_id = '${first}'`);
    for (let more = 1; more <= 3; more++) {
      await orders.place([idIn(1, 2)], 0);
      await until(async () => (await line(`result = 'no_op' and seq = ${6 + more}`)) !== undefined);
    }
    expect(await cursors(1)).toEqual([{ pending_seq: asked?.["seq"], next_seq: 10 }]);
    expect(await parked()).toEqual([]);
    bank.answer = charged;
    await orders.changeOwner();
    for (const id of [first, second]) await orders.untilState(id, "TOLD");
    await orders.settled();
    const [{ pending_seq: pending, next_seq: next } = {}] = await cursors(1);
    expect(pending).toBe(next);
  });

  it("goes on with the tries of its predecessor, up to as many as the contract has", async () => {
    const bank: Bank = { answer: busy, calls: 0 };
    const orders = await start(bank);
    const id = idIn(0);
    await orders.place([id]);
    await until(async () => (await parked()).length === 1);
    const [before] = await parked();
    expect(before?.tries).toHaveLength(before?.failed_tries ?? 0);
    await orders.changeOwner();
    expect([...orders.runtime.triesOf(id).values()][0]?.[0]).toEqual(before?.tries[0]);
    await orders.untilState(id, "ENDED");
    await orders.settled();
    // Two retries, over both.
    const end = await line(`type = 'failed(card.charge)'`);
    expect(end).toMatchObject({ note: expect.stringContaining("given up after 3 tries"), tries: [{}, {}, {}] });
    expect((end?.["tries"] as unknown[])[0]).toEqual(before?.tries[0]);
    expect(await parked()).toEqual([]);
  });

  it("finds nothing of an intent whose row was written in the turn in which it ended", async () => {
    let isHeld = false;
    let isWaiting = false;
    const turns: string[][] = [];
    const held = wrapped(store as Store, {
      transaction: async (work) => {
        isWaiting = isHeld;
        await until(() => !isHeld);
        const texts: string[] = [];
        turns.push(texts);
        return store.transaction((tx) =>
          work({ query: (text, values) => (texts.push(text), tx.query(text, values)) as never }),
        );
      },
    });
    const bank: Bank = { answer: undefined, calls: 0 };
    const orders = await start(bank, held);
    const id = idIn(0);
    await orders.place([id]);
    await until(() => bank.calls > 0);
    isHeld = true;
    // Its turn waits: what comes meanwhile is of the next one.
    await orders.place([idIn(1)]);
    await until(() => isWaiting);
    bank.answer = busy;
    orders.answer();
    await until(() => orders.runtime.status().waiting >= 1);
    const asked = await line(`kind = 'intent' and entity_id = '${id}'`);
    expect(orders.runtime.endIntent(String(asked?.["id"]), "ended by a test")).toMatchObject({ entityId: id });
    bank.answer = charged;
    // What nobody waits for is gathered for a moment.
    await new Promise((resolve) => setTimeout(resolve, 100));
    isHeld = false;
    await orders.untilState(idIn(1), "TOLD");
    await orders.settled();
    const both = turns.find((texts) => texts.some((text) => text.startsWith("insert into rollcall.intent")));
    expect(both?.some((text) => text.startsWith("delete from rollcall.intent"))).toBe(true);
    expect(await parked()).toEqual([]);
    expect(await line(`kind = 'end' and entity_id = '${id}'`)).toMatchObject({ note: "ended by a test", tries: [{}] });
    await orders.changeOwner();
    expect(orders.runtime.status().intents).toBe(0);
  });

  it("decides on what was written since it had the partition before, and not on its own last turn", async () => {
    // Each turn is planned on the one before it.
    const orders = await start({ answer: charged, calls: 0 }, store, { planAheadMessagesMin: 1 });
    const id = idIn(2);
    await orders.place([id]);
    await orders.untilState(id, "TOLD");
    await orders.settled();
    // Nothing follows from it: its turn is the last one.
    await orders.place([id], 0);
    await until(async () => (await line(`result = 'no_op' and type = 'PlaceOrder'`)) !== undefined);
    await orders.changeOwner((tx) =>
      tx.query(`update rollcall.entity set state = 'ENDED', reducer_state = 'empty', deadlines = null`),
    );
    await orders.publish("cancel-order", [{ order_id: id }]);
    await until(async () => (await line(`type = 'CancelOrder'`)) !== undefined);
    expect(await line(`type = 'CancelOrder'`)).toMatchObject({ result: "no_op", state: "ENDED" });
  });

  it("publishes what lies in the journal, byte for byte", async () => {
    const orders = await start({ answer: charged, calls: 0 });
    const id = idIn(3);
    await orders.place([id]);
    await orders.untilState(id, "TOLD");
    await orders.settled();
    // No JSON.stringify would write it so.
    const asNobodyWritesIt = [
      [`"amount":5`, `"amount":5.0`],
      [`"payload_type":"OrderPlaced"`, `"payload_type" : "Order\\u0050laced"`],
      [`"payload":{`, `"zero":-0,"big":1e400,"long":12345678901234567890,"payload":{`],
    ] as const;
    await orders.changeOwner(async (tx) => {
      for (const [from, to] of asNobodyWritesIt)
        await tx.query(`update rollcall.turn set lines = replace(lines, $1, $2) where partition = 3`, [from, to]);
      await tx.query(`update rollcall.partition_owner set published_seq = 0`);
    });
    await orders.settled();
    const [row] = await store.query<{ lines: string }>(
      `select lines from rollcall.turn where partition = 3 order by seq limit 1`,
    );
    const text = row?.lines.split("\n").find((each) => each.includes('"kind":"event"')) ?? "";
    const bytes = text.slice(text.indexOf(`,"value":`) + `,"value":`.length, -1);
    for (const [, to] of asNobodyWritesIt) expect(bytes).toContain(to);
    const read = () =>
      store.query<{ value: Buffer; headers: Record<string, string> }>(
        `select value, headers from rollcall.bus_record
          where topic = 'test.shop.orders' and headers->>'event_type' = 'orders.order-placed' order by "offset"`,
      );
    await until(async () => (await read()).length > 1);
    const placed = await read();
    expect(placed.map(({ value }) => value.toString())).toEqual([expect.not.stringContaining("5.0"), bytes]);
    expect(placed[1]?.headers).toEqual(placed[0]?.headers);
  });

  const cut = (from: string, to: string) => `update rollcall.turn set lines = replace(lines, '${from}', '${to}')`;
  it.each([
    ["a line that is cut", cut(`"kind":"message",`, `"kind":"mess`), "the row 1"],
    ["an event whose bytes are cut", cut(`"payload_type":"OrderPlaced"`, `"payload_type":"OrderPlaced`), "line 2"],
    ["a row that is gone", "delete from rollcall.turn", "line 1"],
    ["a row with a line too few", "update rollcall.turn set last_seq = last_seq + 1", "the row 1"],
  ])("serves all but the one whose journal has %s, and names it", async (_, damage, what) => {
    const orders = await start({ answer: charged, calls: 0 });
    await orders.place(PARTITIONS.map((partition) => idIn(partition)));
    for (const partition of PARTITIONS) await orders.untilState(idIn(partition), "TOLD");
    await orders.settled();
    await orders.changeOwner(async (tx) => {
      await tx.query(`update rollcall.partition_owner set published_seq = 0`);
      await tx.query(`create table rollcall.backup as select * from rollcall.turn where partition = 2`);
      await tx.query(`${damage} where partition = 2 and seq = 1`);
    });
    expect(orders.runtime.status()).toMatchObject({ owned: [0, 1, 3], refused: [expect.any(String)] });
    expect(orders.runtime.status().refused[0]).toMatch(
      new RegExp(`^${what} of partition 2 of orders in rollcall\\.turn `),
    );
    await orders.place(PARTITIONS.map((partition) => idIn(partition, 1)));
    for (const partition of [0, 1, 3]) await orders.untilState(idIn(partition, 1), "TOLD");
    expect(await orders.stateOf(idIn(2, 1))).toBeUndefined();
    // Restored, it is served, and nothing is lost.
    await orders.changeOwner(async (tx) => {
      await tx.query(`delete from rollcall.turn where partition = 2`);
      await tx.query(`insert into rollcall.turn select * from rollcall.backup`);
    });
    await orders.untilState(idIn(2, 1), "TOLD");
    expect(orders.runtime.status()).toMatchObject({ owned: PARTITIONS, refused: [] });
  });
});
