import { describe, expect, it } from "vitest";
import { domain } from "./simulated-orders.ts";
import { simulate } from "./simulation.ts";

describe("the simulation of a domain of someone else", { timeout: 300_000 }, () => {
  it("finds every promise kept", async () => {
    const seen = { events: 0, purged: 0, reborn: 0 };
    let changes = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const result = await simulate({ domain, seed, steps: 300 });
      expect(result.violation).toBeUndefined();
      changes += result.counts["views in use"] ?? 0;
      for (const of of ["events", "purged", "reborn"] as const) seen[of] += result[of];
    }
    expect(seen.events).toBeGreaterThan(100);
    expect(changes).toBeGreaterThan(30);
    expect(seen.purged).toBeGreaterThan(20);
    expect(seen.reborn).toBeGreaterThan(10);
  });

  it("detects a bus that confirms what it has not published", async () => {
    const found: unknown[] = [];
    for (let seed = 1; seed <= 20 && found.length === 0; seed++) {
      const { violation } = await simulate({
        ...{ domain, seed, steps: 300 },
        defect: {
          ports: (ports, _, { random }) => {
            const publish = ports.bus.publish.bind(ports.bus);
            ports.bus.publish = (messages, options) => publish(random.chance(0.1) ? [] : messages, options);
            return ports;
          },
        },
      });
      if (violation) found.push(violation.promise);
    }
    expect(found).toEqual(["G4"]);
  });
});
