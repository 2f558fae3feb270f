import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { Domain } from "../../runtime/core/domain.ts";
import type { Store } from "../../runtime/ports/store.ts";
import type { TrialProgress } from "../../runtime/shell/data-trial.ts";
import { contractInForce } from "../../runtime/stored/contract-sets.ts";
import { wrapped } from "../wrapped.ts";
import { type Orders, oneStore } from "./one-store.ts";
import { ordersDomain, until } from "./orders.ts";

const { store, start, startInForce, put } = await oneStore();

/** From the second version on an order's amount is in cents, and called so; those above 9 were never right. */
const inCents = (domain: Domain): Domain => ({
  ...domain,
  stateVersion: 2,
  upcast: ({ amount, ...data }) => ("cents" in data ? data : { ...data, cents: Number(amount) * 100 }),
  reducerCode: { ...domain.reducerCode, schema: z.object({ cents: z.number().max(900).default(0) }) },
});

describe("a higher stateVersion", () => {
  const place = async (orders: Orders, amounts: Readonly<Record<string, number>>): Promise<void> => {
    for (const [id, amount] of Object.entries(amounts)) await orders.place([id], amount);
    for (const id of Object.keys(amounts)) await orders.untilState(id, "TOLD");
    await orders.settled();
  };
  const begun = async (amounts: Readonly<Record<string, number>>, options: Parameters<typeof startInForce>[0] = {}) => {
    const old = await startInForce(options);
    await place(old, amounts);
    return old;
  };
  const dataOf = async (id: string): Promise<unknown> =>
    (await store.query<{ data: unknown }>(`select data from rollcall.entity_data where entity_id = $1`, [id]))[0]?.data;

  it("fences processes with a lower one, and they take nothing over", async () => {
    let superseded = 0;
    const old = await begun({ o1: 5 }, { onSuperseded: () => superseded++ });
    expect(await put(old.domain, inCents(old.domain))).toEqual([]);
    await until(() => superseded > 0);
    expect(old.runtime.status().owned).toEqual([]);
    expect(await contractInForce(store, "orders")).toMatchObject({ hash: old.domain.contractHash, stateVersion: 2 });
  });

  it("reads what the lower one has stored, and writes it in its own form with the next change", async () => {
    const old = await begun({ o1: 5 });
    const next = inCents(old.domain);
    expect(await put(old.domain, next)).toEqual([]);
    await old.runtime.stop();
    const seen: unknown[] = [];
    const young = await start({
      changed: inCents,
      observe: (event) => {
        if (event.kind === "decision") seen.push(event.decision.entity?.data);
      },
    });
    await young.publish("customer-seen", [{ order_id: "o1" }]);
    await until(() => seen.length > 0);
    expect(seen[0]).toEqual({ cents: 500 });
    await young.settled();
    expect(await dataOf("o1")).toEqual({ amount: 5 });
    expect(young.runtime.status().unreadable.count).toBe(0);
  });

  it("is refused when an entity can't be read: named with pointer and remedy, and nothing has changed", async () => {
    const old = await begun({ o1: 5, o2: 10, o3: 11 });
    expect(await put(old.domain, inCents(old.domain))).toEqual([
      expect.stringMatching(
        /^2 entities can't be read under stateVersion 2, \/cents: .* \(o[23] for one\): let `upcast` make of it/,
      ),
    ]);
    expect(await contractInForce(store, "orders")).toMatchObject({ stateVersion: 1 });
    expect(old.runtime.status().owned).toEqual([0, 1, 2, 3]);
  });

  it("tells how many entities it has tried", async () => {
    const old = await begun({ o1: 1, o2: 2, o3: 3 });
    const told: TrialProgress[] = [];
    expect(await put(old.domain, inCents(old.domain), { onTried: (progress) => told.push(progress) })).toEqual([]);
    expect(told.at(-1)).toEqual({ tried: 3, of: 3 });
  });

  it("is refused when an entity becomes unreadable while the others are tried", async () => {
    const old = await begun({ o1: 5 });
    let changing: Promise<void> | undefined;
    const onTried = (): void => void (changing ??= place(old, { o2: 10 }));
    const late = wrapped(store as Store, {
      transaction: async (work) => {
        await changing;
        return store.transaction(work);
      },
    });
    expect(await put(old.domain, inCents(old.domain), { onTried }, late)).toEqual([
      expect.stringContaining("(o2 for one)"),
    ]);
  });

  it("can't be taken back", async () => {
    const { domain } = await begun({ o1: 5 });
    const next = inCents(domain);
    expect(await put(domain, next)).toEqual([]);
    expect(await put(next, domain)).toEqual([
      expect.stringContaining("is of stateVersion 2, by a test, and this code has 1: run code with stateVersion 2"),
    ]);
  });

  it("tries nothing where the version is the same", async () => {
    const { domain } = await begun({ o1: 5 });
    const told: TrialProgress[] = [];
    const next = { ...domain, contractHash: "second".repeat(10) };
    expect(await put(domain, next, { onTried: (progress) => told.push(progress) })).toEqual([]);
    expect(told).toEqual([]);
    expect(ordersDomain().stateVersion).toBe(1);
  });
});
