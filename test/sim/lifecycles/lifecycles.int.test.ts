import { describe, expect, it } from "vitest";
import type { SimulatedDomain } from "../simulated-domain.ts";
import { simulate } from "../simulation.ts";
import { domain as pages } from "./simulated-pages.ts";
import { domain as runs } from "./simulated-runs.ts";

/** Runs histories of a domain. @returns how many of its steps were as asked for */
async function stepsIn(
  domain: SimulatedDomain,
  isCounted: (reason: string, result: string) => boolean,
): Promise<number> {
  let steps = 0;
  const counting: SimulatedDomain = {
    ...domain,
    checks(observed) {
      const checks = domain.checks(observed);
      return {
        ...checks,
        onStep(line, events) {
          if (isCounted(line.reason, line.result)) steps++;
          checks.onStep(line, events);
        },
      };
    },
  };
  for (let seed = 1; seed <= 20; seed++)
    expect((await simulate({ domain: counting, seed, steps: 300 })).violation).toBeUndefined();
  return steps;
}

describe("the simulation of other lifecycles", { timeout: 300_000 }, () => {
  it("gives each of two commands under way on one document its own answer", async () => {
    const superseded = await stepsIn(pages, (reason) => reason.includes("superseded by a newer intent"));
    expect(superseded).toBeGreaterThan(50);
  });

  it("declines what comes after the end of what runs once", async () => {
    const declined = await stepsIn(runs, (_, result) => result === "declined");
    expect(declined).toBeGreaterThan(50);
  });
});
