import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { PgliteStore } from "../../runtime/adapters/pglite/pglite-store.ts";
import type { Domain } from "../../runtime/core/domain.ts";
import { effect } from "../../runtime/core/effect.ts";
import { putInForce } from "../../runtime/shell/contract-in-force.ts";
import { contractInForce } from "../../runtime/stored/contract-sets.ts";
import { toyCode } from "../contract/toy-domain.ts";
import { openInitializedStore } from "../initialized-store.ts";
import { emptyTables, startOrders, until } from "./orders.ts";

type Running = Awaited<ReturnType<typeof startOrders>>;
const [FIRST, SECOND] = ["first".repeat(12), "second".repeat(10)];
const hashed =
  (hash: string, more: (domain: Domain) => Partial<Domain> = () => ({})) =>
  (domain: Domain): Domain => ({ ...domain, ...more(domain), contractHash: hash });
const without = <Value>(map: ReadonlyMap<string, Value>, name: string): ReadonlyMap<string, Value> =>
  new Map([...map].filter(([key]) => key !== name));

describe("a change of contracts", () => {
  let store: PgliteStore;
  let running: Running[];
  beforeAll(async () => {
    store = await openInitializedStore();
  });
  beforeEach(async () => {
    await emptyTables(store);
    running = [];
  });
  afterEach(() => Promise.all(running.map(({ runtime }) => runtime.stop())));
  afterAll(() => store.close());

  const start = async (options: Parameters<typeof startOrders>[1]): Promise<Running> => {
    const started = await startOrders(store, options);
    running.push(started);
    return started;
  };
  const put = (before: Domain | undefined, next: Domain, more: { readonly known?: boolean } = {}) =>
    putInForce(store, {
      expected: before?.contractHash,
      current: more.known === false ? undefined : before,
      next,
      by: "a test",
      saveContracts: async (tx) =>
        void (await tx.query(
          `insert into rollcall.contract_set (hash, domain, files, first_run_at) values ($1, 'orders', '{}', now())`,
          [next.contractHash],
        )),
    });
  const epochs = async () =>
    (await store.query<{ epoch: number; owner: string }>(`select epoch, owner from rollcall.partition_owner`)).map(
      ({ epoch, owner }) => `${epoch} ${owner}`,
    );
  const told = async (): Promise<Running> => {
    const orders = await start({ changed: hashed(FIRST) });
    expect(await put(undefined, orders.domain)).toEqual([]);
    // Putting them in force raised the epochs: the runtime takes over again, under the new contracts.
    await until(() => orders.runtime.status().owned.length === 4);
    await orders.publish("place-order", [{ order_id: "o1", amount: 5 }]);
    await until(async () => (await orders.stateOf("o1")) === "TOLD");
    await orders.settled();
    return orders;
  };

  it("fences processes that do not know it, and they take nothing over under the old contracts", async () => {
    let superseded = 0;
    const old = await start({ changed: hashed(FIRST), onSuperseded: () => superseded++ });
    await put(undefined, old.domain);
    await until(() => old.runtime.status().owned.length === 4);
    const next = hashed(SECOND)(old.domain);
    expect(await put(old.domain, next)).toEqual([]);
    await old.publish("place-order", [{ order_id: "o1", amount: 5 }]);
    await until(() => superseded > 0);
    await old.runtime.stop();
    expect(await old.stateOf("o1")).toBeUndefined();

    const young = await start({ changed: hashed(SECOND) });
    await until(async () => (await young.stateOf("o1")) === "TOLD");
    const rows = await store.query<{ hash: string }>(`select distinct contract_hash as hash from rollcall.journal`);
    expect(rows).toEqual([{ hash: SECOND }]);
    expect(await contractInForce(store, "orders")).toMatchObject({ hash: SECOND, by: "a test" });
  });

  it("is noticed by an idle process", async () => {
    let superseded = 0;
    const old = await start({ changed: hashed(FIRST), onSuperseded: () => superseded++ });
    await put(undefined, old.domain);
    await until(() => old.runtime.status().owned.length === 4);
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
    expect(await put(domain, hashed(SECOND, lacking)(domain), { known: false })).toEqual([reason]);
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
    const orders = await start({ changed: hashed(FIRST), effects: { HandlerCardCharge: hangs } });
    await put(undefined, orders.domain);
    await until(() => orders.runtime.status().owned.length === 4);
    await orders.publish("place-order", [{ order_id: "o1", amount: 5 }]);
    await until(async () => (await orders.stateOf("o1")) === "UNPAID");
    const lacking = hashed(SECOND, ({ effects }) => ({ effects: without(effects, "card.charge") }))(orders.domain);
    const reason = "1 entity is with a pending intent card.charge, which these contracts lack (o1 for one)";
    for (const known of [true, false]) expect(await put(orders.domain, lacking, { known })).toEqual([reason]);
    answer([]);
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
