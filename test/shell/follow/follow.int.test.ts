import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { PgliteNotices } from "../../../runtime/adapters/pglite/pglite-notices.ts";
import type { PgliteStore } from "../../../runtime/adapters/pglite/pglite-store.ts";
import { SystemClock } from "../../../runtime/adapters/system-clock.ts";
import { done, effect, failed } from "../../../runtime/core/effect.ts";
import type { DomainCode } from "../../../runtime/core/domain.ts";
import { Fault } from "../../../runtime/core/fault.ts";
import { partitionOf } from "../../../runtime/core/murmur2.ts";
import type { Followed } from "../../../runtime/shell/follow/followed.ts";
import { type FollowRequest, Followers } from "../../../runtime/shell/follow/followers.ts";
import { JournalReader } from "../../../runtime/shell/follow/journal-reader.ts";
import { tombstoneKey } from "../../../runtime/stored/tombstones.ts";
import { toyCode } from "../../contract/toy-domain.ts";
import { openInitializedStore } from "../../initialized-store.ts";
import { emptyTables, startOrders, until } from "../orders.ts";

const PLACED = "PlaceOrder: OrderPlaced -> UNPAID";
const CHARGED = "CardCharged: OrderPaid -> PAID";
const TOLD = "published(OrderPaid):  -> TOLD";
const COMPLETE = "end: complete";
const CHARGE = toyCode.intents.find(({ intentType }) => intentType === "card.charge") as never;
const REFUND = toyCode.intents.find(({ intentType }) => intentType === "card.refund") as never;

const partitionOfOrder = (id: string): number => partitionOf(id, 4);
const orderIn = (partition: number): string =>
  Array.from({ length: 100 }, (_, nth) => `o${nth}`).find((id) => partitionOfOrder(id) === partition) ?? "";

function gate() {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open: () => open(), opened };
}

function textOf(item: Followed): string {
  if (item.kind === "step")
    return `${item.line.type}: ${item.events.map(({ type }) => type).join("+")} -> ${item.line.state}`;
  if (item.kind === "end") return `end: ${item.reason}`;
  if (item.kind === "dead_letter") return `dead letter: ${item.line.code}`;
  if (item.kind === "taken") return `taken: ${item.entity?.state ?? "no entity"}`;
  return `superseded: ${item.line.type}`;
}

describe.each(["the owner's", "another"])("a caller in %s process hears", (where) => {
  let store: PgliteStore;
  let running: Awaited<ReturnType<typeof startOrders>>;
  let followers: Followers;
  let reader: JournalReader;
  beforeAll(async () => void (store = await openInitializedStore()));
  beforeEach(() => emptyTables(store));
  afterEach(async () => {
    followers.close();
    reader.close();
    await running.runtime.stop();
  });
  afterAll(() => store.close());

  const start = async (effects: Partial<DomainCode["effects"]> = {}) => {
    const clock = new SystemClock();
    reader = new JournalReader({ domain: "orders", store, clock, notices: new PgliteNotices() });
    running = await startOrders(store, {
      effects,
      observe: (event) => event.kind === "committed" && where !== "another" && reader.passOn(event),
    });
    const { domain } = running;
    followers = new Followers({ ...{ store, clock, reader }, domain: () => domain, partitionCount: () => 4 });
  };
  const topics: Readonly<Record<string, string>> = {
    PlaceOrder: "place-order",
    CancelOrder: "cancel-order",
    CustomerSeen: "customer-seen",
  };
  const publish = (type: string, payload: { readonly order_id: string }, message_id: string) =>
    running.publish(topics[type] ?? "", [payload], () => ({ message_id }));

  interface Asked extends Partial<FollowRequest> {
    readonly isPublished?: boolean;
  }
  /** Publishes a message and follows it. */
  const ask = async (
    type: string,
    payload: { readonly order_id: string; readonly amount?: number },
    { messageId = randomUUID(), isPublished = false, ...more }: Asked = {},
  ) =>
    followers.follow({
      ...{ entityId: payload.order_id, messageId, reading: "answers", signal: new AbortController().signal },
      ...(!isPublished && {
        publish: async () => {
          const { offsets } = await publish(type, payload, messageId);
          const place = { topic: `test.shop.${topics[type] ?? ""}`, offset: offsets()[0] ?? -1 };
          return type === "CustomerSeen" ? { ...place, partition: partitionOfOrder(payload.order_id) } : undefined;
        },
      }),
      ...more,
    });
  const heard = async (told: AsyncIterable<Followed>): Promise<string[]> => {
    const texts: string[] = [];
    for await (const item of told) texts.push(textOf(item));
    return texts;
  };
  const answers = async (...asked: Parameters<typeof ask>) => heard(await ask(...asked));

  it("the step of its message, what that caused, and that nothing follows", async () => {
    await start();
    expect(await answers("PlaceOrder", { order_id: "o1", amount: 5 })).toEqual([PLACED, CHARGED, TOLD, COMPLETE]);
    expect(followers.size).toBe(0);
  });

  it("the entity with each step, as it was then or later", async () => {
    await start();
    for await (const item of await ask("PlaceOrder", { order_id: "o1", amount: 5 }))
      if (item.kind === "step") {
        expect(item.entity?.data).toEqual({ amount: 5 });
        expect(item.entity?.seq).toBeGreaterThanOrEqual(item.events.length);
      }
  });

  it("that its message changes nothing", async () => {
    await start();
    expect(await answers("PlaceOrder", { order_id: "o1", amount: 0 })).toEqual(["PlaceOrder:  -> null", COMPLETE]);
    expect(await answers("CancelOrder", { order_id: "o1" })).toEqual(["CancelOrder:  -> null", COMPLETE]);
  });

  it("its own answer, while another changes the same entity at the same time", async () => {
    const held = gate();
    await start({
      HandlerCardCharge: effect(CHARGE, ["BANK_BUSY"], async (intents) => {
        await held.opened;
        return intents.map(() => done({ type: "CardCharged", payload: {} }));
      }),
    });
    const first = await ask("PlaceOrder", { order_id: "o1", amount: 5 });
    const second = await ask("PlaceOrder", { order_id: "o1", amount: 9 });
    await until(async () => (await running.stateOf("o1")) === "UNPAID" && running.runtime.status().intents === 3);
    held.open();
    // Of the first attempt the outcome counts no more.
    expect(await heard(first)).toEqual([PLACED, "CardCharged:  -> UNPAID", COMPLETE]);
    expect(await heard(second)).toEqual([PLACED, CHARGED, TOLD, COMPLETE]);
  });

  it("that an intent gave way to a younger one", async () => {
    const held = gate();
    await start({
      HandlerCardCharge: effect(CHARGE, ["BANK_BUSY"], async (intents) => {
        await held.opened;
        return intents.map(() => done({ type: "CardCharged", payload: {} }));
      }),
      HandlerCardRefund: effect(REFUND, [], async (intents) =>
        intents.map(() => failed(new Fault("BANK_BUSY", "closed", { retryable: true }))),
      ),
    });
    await ask("PlaceOrder", { order_id: "o1", amount: 5 });
    const second = await ask("PlaceOrder", { order_id: "o1", amount: 9 });
    await until(() => running.runtime.status().intents === 3);
    held.open();
    const texts = await heard(second);
    expect(texts).toEqual([PLACED, "superseded: card.refund", CHARGED, TOLD, COMPLETE]);
    const [line] = await store.query<{ line: { superseded_by: string } }>(
      "select line from rollcall.journal where kind = 'end'",
    );
    const [younger] = await store.query<{ id: string }>(
      "select id from rollcall.journal where kind = 'intent' order by seq desc limit 1",
    );
    expect(line?.line.superseded_by).toBe(younger?.id);
  });

  it("by its place in the log that a message was taken which is not journaled", async () => {
    await start();
    expect(await answers("CustomerSeen", { order_id: "o1" })).toEqual(["taken: no entity", COMPLETE]);
    await answers("PlaceOrder", { order_id: "o1", amount: 5 });
    expect(await answers("CustomerSeen", { order_id: "o1" })).toEqual(["taken: TOLD", COMPLETE]);
  });

  it("that its message can't be processed", async () => {
    await start();
    expect(await answers("PlaceOrder", { order_id: "o1", amount: "five" as never })).toEqual([
      "dead letter: INVALID_PAYLOAD",
      COMPLETE,
    ]);
    // What has no id is known by its place.
    const broken = {
      ...{ topic: "test.shop.customer-seen", partition: 0, key: null, value: Buffer.from("{") },
      headers: {},
    };
    const told = await followers.follow({
      ...{ entityId: orderIn(0), messageId: randomUUID(), reading: "answers" },
      signal: new AbortController().signal,
      publish: async () => {
        const { offsets } = await running.bus.publish([broken], { timeoutMs: 5_000 });
        return { ...broken, offset: offsets()[0] ?? -1 };
      },
    });
    expect(await heard(told)).toEqual(["dead letter: MALFORMED_JSON", COMPLETE]);
  });

  it("the first answer again when it repeats a message", async () => {
    await start();
    const messageId = randomUUID();
    const payload = { order_id: "o1", amount: 5 };
    const first = await answers("PlaceOrder", payload, { messageId });
    await answers("CancelOrder", { order_id: "o1" });
    expect(await answers("PlaceOrder", payload, { messageId })).toEqual(first);
  });

  it("the first answer again also when its entity was not there then, and is now", async () => {
    await start();
    for (const reading of ["answers", "attempt"] as const) {
      const asked = { messageId: randomUUID(), reading };
      const order = { order_id: `of-${reading}`, amount: 5 };
      expect(await answers("CancelOrder", order, asked)).toEqual(["CancelOrder:  -> null", COMPLETE]);
      await answers("PlaceOrder", order);
      expect(await answers("CancelOrder", order, asked)).toEqual(["taken: no entity", COMPLETE]);
    }
  });

  it("what became of a message that was published before", async () => {
    await start();
    const messageId = randomUUID();
    const payload = { order_id: "o1", amount: 5 };
    const first = await answers("PlaceOrder", payload, { messageId });
    expect(await answers("PlaceOrder", payload, { messageId, isPublished: true })).toEqual(first);
    const next = randomUUID();
    const told = await ask("PlaceOrder", { order_id: "o2" }, { messageId: next, isPublished: true });
    await publish("PlaceOrder", { order_id: "o2", amount: 5 } as never, next);
    expect(await heard(told)).toEqual(first);
  });

  it("what became of it although its entity was purged since", async () => {
    await start();
    const messageId = randomUUID();
    const first = await answers("PlaceOrder", { order_id: "o1", amount: 5 }, { messageId });
    await store.query(
      `insert into rollcall.tombstone (key, seq, ended_at, last_line, last_line_on, drop_on, domain)
       select $1::uuid, seq, state_since, last_line, (last_line_at at time zone 'UTC')::date, '2099-01-01', domain
         from rollcall.entity where entity_id = 'o1'`,
      [tombstoneKey("orders", "o1")],
    );
    await store.query("delete from rollcall.entity where entity_id = 'o1'");
    const signal = AbortSignal.timeout(20_000);
    expect(await answers("PlaceOrder", { order_id: "o1" }, { messageId, isPublished: true, signal })).toEqual(first);
  });

  it("all of the attempt that its message joined, from the first step to the end", async () => {
    await start();
    await answers("PlaceOrder", { order_id: "o1", amount: 5 });
    const again = ["PlaceOrder", { order_id: "o1", amount: 5 }] as const;
    const [all, rest] = [
      await ask(...again, { reading: "attempt" }),
      await ask(...again, { reading: "attempt_from_message" }),
    ];
    const end = ["PlaceOrder:  -> TOLD", "CancelOrder: OrderEnded -> ENDED", COMPLETE];
    const heardAll = heard(all);
    await until(
      () =>
        running.told.filter((event) => event.kind === "decision" && event.message.type === "PlaceOrder").length === 3,
    );
    await answers("CancelOrder", { order_id: "o1" });
    expect(await heardAll).toEqual([PLACED, CHARGED, TOLD, "PlaceOrder:  -> TOLD", ...end]);
    expect(await heard(rest)).toEqual(end);
  });

  it("all of the attempt too when its own message left no line of it", async () => {
    await start();
    await answers("PlaceOrder", { order_id: "o1", amount: 5 });
    const signal = AbortSignal.timeout(20_000);
    const told = await ask("CustomerSeen", { order_id: "o1" }, { reading: "attempt", signal });
    const first: string[] = [];
    while (first.length < 4) first.push(textOf((await told.next()).value as Followed));
    expect(first).toEqual(["taken: TOLD", PLACED, CHARGED, TOLD]);
    await answers("CancelOrder", { order_id: "o1" });
    expect(await heard(told)).toEqual(["CancelOrder: OrderEnded -> ENDED", COMPLETE]);
  });

  it("that its attempt is over when a younger one begins, or when there is none", async () => {
    const held = gate();
    await start({
      HandlerCardCharge: effect(CHARGE, ["BANK_BUSY"], async (intents) => {
        await held.opened;
        return intents.map(() => done({ type: "CardCharged", payload: {} }));
      }),
    });
    const attempt = { reading: "attempt" } as const;
    const first = heard(await ask("PlaceOrder", { order_id: "o1", amount: 5 }, attempt));
    await ask("PlaceOrder", { order_id: "o1", amount: 9 });
    expect(await first).toEqual([PLACED, COMPLETE]);
    held.open();
    expect(await answers("CancelOrder", { order_id: "o2" }, attempt)).toEqual(["CancelOrder:  -> null", COMPLETE]);
    expect(await answers("CustomerSeen", { order_id: "o2" }, attempt)).toEqual(["taken: no entity", COMPLETE]);
  });

  it("that its time is over: before a turn took the message, or after it", async () => {
    await start({ HandlerCardCharge: effect(CHARGE, ["BANK_BUSY"], () => new Promise(() => {})) });
    const early = new AbortController();
    const told = await ask("PlaceOrder", { order_id: "o1" }, { isPublished: true, signal: early.signal });
    early.abort();
    expect(await heard(told)).toEqual(["end: not_taken"]);
    const late = new AbortController();
    const begun = await ask("PlaceOrder", { order_id: "o1", amount: 5 }, { signal: late.signal });
    expect(textOf((await begun.next()).value as Followed)).toBe(PLACED);
    late.abort();
    expect(await heard(begun)).toEqual(["end: aborted"]);
    expect(await answers("PlaceOrder", { order_id: "o1" }, { isPublished: true, signal: AbortSignal.abort() })).toEqual(
      ["end: not_taken"],
    );
    expect(followers.size).toBe(0);
  });

  it("one end, also when its time is over before it reads on", async () => {
    await start();
    const time = new AbortController();
    const texts: string[] = [];
    for await (const item of await ask("CancelOrder", { order_id: "o1" }, { signal: time.signal })) {
      texts.push(textOf(item));
      if (item.kind === "end") time.abort();
    }
    expect(texts).toEqual(["CancelOrder:  -> null", COMPLETE]);
  });

  it("that its process stops", async () => {
    await start();
    const told = await ask("PlaceOrder", { order_id: "o1" }, { isPublished: true });
    const texts = heard(told);
    followers.close();
    expect(await texts).toEqual(["end: stopped"]);
  });

  it("that the message can't be published, and then follows nothing", async () => {
    await start();
    const publishing = ask("PlaceOrder", { order_id: "o1" }, { publish: () => Promise.reject(new Error("no bus")) });
    await expect(publishing).rejects.toThrow("no bus");
    expect(followers.size).toBe(0);
  });

  it("exactly its own answer, among hundreds at once", async () => {
    await start();
    const all = await Promise.all(
      Array.from({ length: 300 }, (_, nth) => answers("PlaceOrder", { order_id: `crowd-${nth}`, amount: 1 + nth })),
    );
    for (const texts of all) expect(texts).toEqual([PLACED, CHARGED, TOLD, COMPLETE]);
    expect(followers.size).toBe(0);
  });
});
