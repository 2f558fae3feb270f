import { describe, expect, it } from "vitest";
import { Fault } from "../../runtime/core/fault.ts";
import { wrapped } from "../wrapped.ts";
import { domain } from "./registration/simulated-nodes.ts";
import { simulate } from "./simulation.ts";
import type { PlantedDefect } from "./simulated-system.ts";

/** No defect: a store that refuses the turns of some outcomes for the first 20 seconds. */
function refusingFor(ms: number): { readonly defect: PlantedDefect; readonly refused: () => number } {
  let refused = 0;
  const isRefused = (text: string, values: readonly unknown[]): boolean =>
    text.startsWith("insert into rollcall.turn") &&
    values.some(
      (value) =>
        Array.isArray(value) &&
        value.some((lines) => /"id":"[0-7][^}]*"of":"outcome"|"of":"outcome"[^}]*"id":"[0-7]/.test(String(lines))),
    );
  const defect: PlantedDefect = {
    ports: (ports, _, { scheduler }) => ({
      ...ports,
      store: wrapped(ports.store, {
        transaction: (work) =>
          ports.store.transaction(async (tx) => {
            let isBad = false;
            const result = await work({
              query: (text, values = []) => {
                isBad ||= scheduler.nowMs < ms && isRefused(text, values);
                return tx.query(text, values);
              },
            });
            if (!isBad) return result;
            refused++;
            throw new Fault("STORE_REFUSED", "no room", { retryable: false });
          }),
      }),
    }),
  };
  return { defect, refused: () => refused };
}

describe("a store that refuses turns of outcomes for a while", () => {
  it("loses none, and holds nothing else up", { timeout: 300_000 }, async () => {
    let refused = 0;
    for (let seed = 1; seed <= 12; seed++) {
      const store = refusingFor(20_000);
      const { violation } = await simulate({ domain, seed, steps: 200, defect: store.defect });
      expect(violation, `seed ${seed}`).toBeUndefined();
      refused += store.refused();
    }
    expect(refused).toBeGreaterThan(20);
  });
});
