import { describe, expect, it } from "vitest";
import type { ServiceRegistry } from "../../effects/service-catalog/service-registry.ts";
import { linesOf, type TurnRow } from "../../runtime/stored/read-lines.ts";
import type { Machine } from "./machine.ts";
import { bankBusy, domain, ordersWith } from "./simulated-orders.ts";
import { type PlantedDefect, SimulatedSystem } from "./simulated-system.ts";
import { Random } from "./random.ts";

const SEEDS = [1, 2, 3, 4, 5];

/** A bank that is always busy. Each process makes one call, and is killed as soon as it begins another one. */
class DeadlyBank {
  answered = 0;
  readonly #called = new Set<Machine>();
  readonly defect: PlantedDefect = {
    ports: (ports, machine) => ({
      ...ports,
      registry: {
        apply: () => {
          if (this.#called.has(machine)) {
            machine.kill();
            return new Promise(() => {});
          }
          this.#called.add(machine);
          this.answered++;
          return Promise.resolve([]);
        },
      } satisfies ServiceRegistry,
    }),
  };
}

describe("the tries of an intent", () => {
  it.each(SEEDS)(
    "are as many as the contract has, with a crash at each: seed %i",
    { timeout: 120_000 },
    async (seed) => {
      const bank = new DeadlyBank();
      const system = new SimulatedSystem({
        domain: {
          ...domain,
          domainOn: (registry, _sql, hash) => ({
            ...ordersWith({ charge: () => registry.apply([], new AbortController().signal).then(() => bankBusy) }),
            ...(hash !== undefined && { contractHash: hash }),
          }),
        },
        ...{ seed, defect: bank.defect },
      });
      await system.advanceTime(20_000);
      system.population.actions["place"]?.[1](system, new Random(seed, 9));
      await system.advanceTime(240_000);
      expect(system.violation).toBeUndefined();
      const lines = system.database.table("turn").flatMap((row) => linesOf("orders", row as object as TurnRow));
      const ends = lines.filter((line) => line.kind === "message" && line.type === "failed(card.charge)");
      expect(ends).toMatchObject([{ note: expect.stringContaining("given up after 3 tries") }]);
      expect(bank.answered).toBe(3);
    },
  );
});
