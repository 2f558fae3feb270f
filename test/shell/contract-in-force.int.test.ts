import { describe, expect, it } from "vitest";
import type { Domain } from "../../runtime/core/domain.ts";
import { effect } from "../../runtime/core/effect.ts";
import { contractInForce } from "../../runtime/stored/contract-sets.ts";
import { toyCode } from "../contract/toy-domain.ts";
import { type Orders, oneStore } from "./one-store.ts";
import { emptyTables, until } from "./orders.ts";

const { store, start, startInForce, put } = await oneStore();
const [FIRST, SECOND] = ["first".repeat(12), "second".repeat(10)];
const hashed =
  (hash: string, more: (domain: Domain) => Partial<Domain> = () => ({})) =>
  (domain: Domain): Domain => ({ ...domain, ...more(domain), contractHash: hash });
const without = <Value>(map: ReadonlyMap<string, Value>, name: string): ReadonlyMap<string, Value> =>
  new Map([...map].filter(([key]) => key !== name));

describe("a change of contracts", () => {
  const epochs = async () =>
    (await store.query<{ epoch: number; owner: string }>(`select epoch, owner from rollcall.partition_owner`)).map(
      ({ epoch, owner }) => `${epoch} ${owner}`,
    );
  const told = async (): Promise<Orders> => {
    const orders = await startInForce({ changed: hashed(FIRST) });
    await orders.place(["o1"]);
    await orders.untilState("o1", "TOLD");
    await orders.settled();
    return orders;
  };

  it("fences processes that do not know it, and they take nothing over under the old contracts", async () => {
    let superseded = 0;
    const old = await startInForce({ changed: hashed(FIRST), onSuperseded: () => superseded++ });
    const next = hashed(SECOND)(old.domain);
    expect(await put(old.domain, next)).toEqual([]);
    await old.place(["o1"]);
    await until(() => superseded > 0);
    await old.runtime.stop();
    expect(await old.stateOf("o1")).toBeUndefined();

    const young = await start({ changed: hashed(SECOND) });
    await young.untilState("o1", "TOLD");
    const rows = await store.query<{ hash: string }>(`select distinct contract_hash as hash from rollcall.journal`);
    expect(rows).toEqual([{ hash: SECOND }]);
    expect(await contractInForce(store, "orders")).toMatchObject({ hash: SECOND, by: "a test" });
  });

  it("is noticed by an idle process", async () => {
    let superseded = 0;
    const old = await startInForce({ changed: hashed(FIRST), onSuperseded: () => superseded++ });
    await put(old.domain, hashed(SECOND)(old.domain));
    await until(() => superseded > 0);
    expect(old.runtime.status().owned).toEqual([]);
  });

  it.each([
    [
      "a state that an entity is in",
      "in state TOLD",
      ({ orchestrator }: Domain) => ({
        orchestrator: { ...orchestrator, states: without(orchestrator.states, "TOLD") },
      }),
    ],
    [
      "a state of the reducer that an entity is in",
      "in the reducer's state settled",
      ({ reducer }: Domain) => ({ reducer: { ...reducer, states: without(reducer.states, "settled") } }),
    ],
    [
      "a deadline that is armed",
      "with the deadline pickup armed",
      ({ deadlineAfterMs }: Domain) => ({ deadlineAfterMs: without(deadlineAfterMs, "pickup") }),
    ],
  ])("is refused when it lacks %s, and then nothing has changed", async (_what, says, lacking) => {
    const { domain } = await told();
    const before = await epochs();
    const reason = `1 entity is ${says}, which these contracts lack (o1 for one)`;
    expect(await put(domain, hashed(SECOND, lacking)(domain))).toEqual([reason]);
    // The same when the contracts before can't be compiled any more.
    expect(await put(domain, hashed(SECOND, lacking)(domain), { current: undefined })).toEqual([reason]);
    expect(await epochs()).toEqual(before);
    expect(await contractInForce(store, "orders")).toMatchObject({ hash: FIRST });
  });

  it("is refused when it lacks an intent that is pending", async () => {
    const { domain } = await told();
    await store.query(
      `insert into rollcall.intent (id, domain, partition, seq, entity_id, attempt_id, type, target, version,
         correlation_id, payload, asked_at, failed_tries, tries)
       values (gen_random_uuid(), 'orders', 0, 1, 'o2', gen_random_uuid(), 'card.charge', 'o2', 1,
         gen_random_uuid(), '{}', now(), 1, '[]')`,
    );
    expect(
      await put(domain, hashed(SECOND, ({ effects }) => ({ effects: without(effects, "card.charge") }))(domain)),
    ).toEqual(["1 entity is with a pending intent card.charge, which these contracts lack (o2 for one)"]);
  });

  it("is refused when it lacks an intent that is under way, and has no row yet", async () => {
    let answer: (outcomes: []) => void = () => {};
    const charge = toyCode.effects["HandlerCardCharge"]?.intent as never;
    const hangs = effect(charge, ["BANK_BUSY"], () => new Promise<[]>((resolve) => (answer = resolve)));
    const orders = await startInForce({ changed: hashed(FIRST), effects: { HandlerCardCharge: hangs } });
    await orders.place(["o1"]);
    await orders.untilState("o1", "UNPAID");
    const lacking = hashed(SECOND, ({ effects }) => ({ effects: without(effects, "card.charge") }))(orders.domain);
    const reason = "1 entity is with a pending intent card.charge, which these contracts lack (o1 for one)";
    for (const current of [orders.domain, undefined])
      expect(await put(orders.domain, lacking, { current })).toEqual([reason]);
    answer([]);
  });

  it("is refused when it has another lifecycle, and there are entities", async () => {
    const { domain } = await told();
    const next = hashed(SECOND, () => ({ lifecycle: "document" }))(domain);
    expect(await put(domain, next)).toEqual([
      "lifecycle is document, and was attempts: entities live by it (o1 for one)",
    ]);
    await emptyTables(store);
    expect(await put(undefined, domain)).toEqual([]);
    expect(await put(domain, next)).toEqual([]);
  });

  it("may remove a state that no entity is in", async () => {
    const { domain } = await told();
    const lacking = ({ orchestrator }: Domain) => ({
      orchestrator: { ...orchestrator, states: without(orchestrator.states, "UNPAID") },
    });
    expect(await put(domain, hashed(SECOND, lacking)(domain))).toEqual([]);
  });

  it("is refused when other contracts came in force since it was compared", async () => {
    const { domain } = await told();
    await put(domain, hashed(SECOND)(domain));
    const [reason] = await put(domain, hashed("third".repeat(12))(domain));
    expect(reason).toMatch(/^the contracts second.* came in force meanwhile, by a test/);
  });
});
