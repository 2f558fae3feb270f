import { afterAll, afterEach, beforeEach } from "vitest";
import type { Domain } from "../../runtime/core/domain.ts";
import type { Store } from "../../runtime/ports/store.ts";
import { putInForce } from "../../runtime/shell/contract-in-force.ts";
import { addContractSet } from "../../runtime/stored/contract-sets.ts";
import { openInitializedStore } from "../initialized-store.ts";
import { emptyTables, startOrders } from "./orders.ts";

type Options = Parameters<typeof startOrders>[1];
type Change = Parameters<typeof putInForce>[1];
export type Orders = Awaited<ReturnType<typeof startOrders>>;

/** One store for the tests of a file. Each test finds its tables empty, and what it starts is stopped after it. */
export async function oneStore() {
  const store = await openInitializedStore();
  const running: Orders[] = [];
  beforeEach(() => emptyTables(store));
  afterEach(() => Promise.all(running.splice(0).map(({ runtime }) => runtime.stop())));
  afterAll(() => store.close());

  const start = async (options: Options = {}, over: Store = store): Promise<Orders> => {
    const started = await startOrders(over, options);
    running.push(started);
    return started;
  };
  /** Puts contracts in force, as a host does. @returns why not */
  const put = (before: Domain | undefined, next: Domain, more: Partial<Change> = {}, over: Store = store) =>
    putInForce(over, {
      expected: before && { hash: before.contractHash, stateVersion: before.stateVersion },
      current: before,
      next,
      by: "a test",
      saveContracts: (tx) => addContractSet(tx, next.name, { hash: next.contractHash, files: {} }),
      ...more,
    });
  /** Its contracts are in force. */
  const startInForce = async (options: Options = {}): Promise<Orders> => {
    const started = await start(options);
    const reasons = await put(undefined, started.domain);
    if (reasons.length > 0) throw new Error(reasons.join("; "));
    // That raised the epochs: the runtime takes over again, under these contracts.
    await started.untilOwned();
    return started;
  };
  const journal = (where: string) =>
    store.query<{ kind: string; type: string; line: Record<string, unknown> }>(
      `select * from rollcall.journal where ${where} order by partition, seq`,
    );
  const line = async (where: string) => (await journal(where))[0]?.line;
  return { store, start, startInForce, put, journal, line };
}
