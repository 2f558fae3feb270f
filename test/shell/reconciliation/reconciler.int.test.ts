import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { PgliteStore } from "../../../runtime/adapters/pglite/pglite-store.ts";
import type { InventoryEntry, ReconciledBackend } from "../../../runtime/core/drift.ts";
import { done, effect, failed } from "../../../runtime/core/effect.ts";
import { Fault } from "../../../runtime/core/fault.ts";
import type { IntentDefinition } from "../../../runtime/core/intent.ts";
import { partitionOf } from "../../../runtime/core/murmur2.ts";
import { openInitializedStore } from "../../initialized-store.ts";
import { toyCode } from "../../contract/toy-domain.ts";
import { emptyTables, startOrders, until } from "../orders.ts";

const [CardCharge, CardRefund] = toyCode.intents as [IntentDefinition, IntentDefinition];
const down = new Fault("BANK_BUSY", "down", { retryable: true });

/** A bank that should hold one charge for each placed order, and none for one that has ended. */
class Bank {
  readonly charges = new Map<string, InventoryEntry>();
  readonly asked: string[] = [];
  refunds: "taken" | "refused" = "taken";
  list: () => Promise<readonly InventoryEntry[]> = async () => [...this.charges.values()];

  readonly effects = {
    HandlerCardCharge: effect(CardCharge as never, ["BANK_BUSY"], async (intents) =>
      intents.map(({ entityId, version }) => {
        this.asked.push(`charge ${entityId}`);
        this.charges.set(entityId, { entityId, version, content: {} });
        return done({ type: "CardCharged", payload: {} });
      }),
    ),
    HandlerCardRefund: effect(CardRefund as never, ["BANK_BUSY"], async (intents) =>
      intents.map(({ entityId, version }) => {
        if (this.refunds === "refused") return failed(down);
        this.asked.push(`refund ${entityId}`);
        if ((this.charges.get(entityId)?.version ?? 0) <= version) this.charges.delete(entityId);
        return done();
      }),
    ),
  };

  readonly reconciled: ReconciledBackend = {
    backend: "bank",
    inventory: { list: () => this.list() },
    repairs(entity, held) {
      const order_id = entity?.id ?? held[0]?.entityId ?? "";
      if (entity?.state === "TOLD" && held.length === 0)
        return [{ kind: "missing", description: "no charge", intent: CardCharge.of({ order_id, amount: 1 }) }];
      if (entity?.isLive === true || held.length === 0) return [];
      return [{ kind: "leftover", description: "a charge is left", intent: CardRefund.of({ order_id }) }];
    },
  };
}

describe("reconciliation, on a domain of orders", () => {
  let store: PgliteStore;
  let bank: Bank;
  let running: Awaited<ReturnType<typeof startOrders>>;
  const orders = Array.from({ length: 12 }, (_, i) => `o${i}`);
  beforeAll(async () => {
    store = await openInitializedStore();
  });
  beforeEach(async () => {
    await emptyTables(store);
    bank = new Bank();
    running = await startOrders(store, {
      effects: bank.effects,
      reconciled: [bank.reconciled],
      limits: { reconcileEveryMs: 100, repairsMax: 5 },
    });
    await running.publish(
      "place-order",
      orders.map((order_id) => ({ order_id, amount: 5 })),
    );
    for (const id of orders) await until(async () => (await running.stateOf(id)) === "TOLD");
    await running.settled();
    bank.asked.length = 0;
  });
  afterEach(() => running.runtime.stop());
  afterAll(() => store.close());

  const compared = () => running.told.flatMap((event) => (event.kind === "comparison_done" ? [event] : []));
  /** Waits for `count` more comparisons. */
  const comparisons = async (count: number): Promise<void> => {
    const untilCount = compared().length + count;
    await until(() => compared().length >= untilCount);
  };

  it("changes nothing that is right", async () => {
    await comparisons(2);
    expect(bank.asked).toEqual([]);
    expect(await store.query(`select 1 from rollcall.journal where type = 'drift(bank)'`)).toEqual([]);
  });

  it("requests missing entries once each, a limited number at a time, as intents of ordinary turns", async () => {
    bank.charges.clear();
    await until(() => bank.charges.size === orders.length);
    await comparisons(1);
    expect(bank.asked.toSorted()).toEqual(orders.map((id) => `charge ${id}`).toSorted());
    expect(Math.max(...compared().map(({ repairs }) => repairs))).toBe(5);
    const rows = await store.query(
      `select kind, result, reason, line ->> 'target' as target from rollcall.journal
        where entity_id = 'o1' and seq in (select unnest(array[seq, seq + 1]) from rollcall.journal
          where type = 'drift(bank)' and entity_id = 'o1') order by seq`,
    );
    expect(rows).toEqual([
      { kind: "message", result: "changed", reason: "missing: no charge", target: null },
      { kind: "intent", result: null, reason: null, target: "card://o1" },
    ]);
  });

  it("requests nothing when the backend can't be read", async () => {
    const { list } = bank;
    bank.list = () => Promise.reject(new Error("half of it"));
    bank.charges.clear();
    await until(() => running.told.filter(({ kind }) => kind === "comparison_failed").length >= 2);
    expect(bank.asked).toEqual([]);
    expect(running.runtime.status().drift).toMatchObject([{ backend: "bank", error: "half of it" }]);
    bank.list = list;
    await until(() => bank.charges.size === orders.length);
    await comparisons(1);
    expect(running.runtime.status().drift).toMatchObject([{ error: null }]);
  });

  it("requests nothing for entities that can't be read, and deletes nothing of theirs", async () => {
    await running.publish("cancel-order", [{ order_id: "o2" }]);
    await until(async () => (await running.stateOf("o2")) === "ENDED");
    await running.settled();
    await comparisons(1);
    bank.asked.length = 0;
    await store.query(
      `update rollcall.entity_data set data = '{"amount":"much"}' where entity_id in ('o1', 'o2', 'o3')`,
    );
    bank.charges.delete("o1");
    bank.charges.set("o2", { entityId: "o2", version: 1, content: {} });
    bank.charges.delete("o4");
    await until(() => bank.charges.has("o4"));
    await comparisons(2);
    expect(bank.asked).toEqual(["charge o4"]);
    expect(running.runtime.status()).toMatchObject({ drift: [{ error: null }], unreadable: { count: 3 } });
  });

  it("ignores a difference that a second comparison does not find", async () => {
    const { list } = bank;
    let looks = 0;
    bank.list = () => (looks++ % 2 === 0 ? Promise.resolve([]) : list());
    await comparisons(2);
    expect(bank.asked).toEqual([]);
  });

  it("ignores targets with unfinished intents", async () => {
    bank.refunds = "refused";
    await running.publish("cancel-order", [{ order_id: "o1" }]);
    await until(async () => (await running.stateOf("o1")) === "ENDED");
    await comparisons(2);
    expect(compared().at(-1)).toMatchObject({ leftover: 0 });
    await until(
      async () => (await store.query(`select 1 from rollcall.intent where type = 'card.refund'`)).length === 1,
    );
  });

  it("deletes entries without an entity, whatever their version", async () => {
    bank.charges.set("ghost", { entityId: "ghost", version: 99, content: {} });
    await until(() => !bank.charges.has("ghost"));
    expect(bank.asked).toEqual(["refund ghost"]);
  });

  it("ignores entities of partitions that it does not own", async () => {
    const foreign = partitionOf("o1", 4);
    await store.query(`update rollcall.partition_owner set epoch = epoch + 1, owner = 'another' where partition = $1`, [
      foreign,
    ]);
    bank.charges.delete("o1");
    await until(() => running.told.some(({ kind }) => kind === "partitions_lost"));
    // The group assigns it again: this process owns it under a new epoch.
    await until(() => bank.charges.has("o1"));
    expect(bank.asked).toEqual(["charge o1"]);
  });
});
