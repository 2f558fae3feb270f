import type { SimulatedDomain } from "./simulated-domain.ts";
import { simulate, type SimulationResult } from "./simulation.ts";

export interface Task {
  readonly seed: number;
  readonly steps: number;
}
export type Answer = Omit<SimulationResult, "transcript">;

const [domainUrl = ""] = process.argv.slice(2);
const loaded = import(domainUrl) as Promise<{ readonly domain: SimulatedDomain }>;

/** Runs the seeds that the parent process sends, one after another. Argument: the domain's file, as a URL. */
process.on("message", (task: Task) => {
  void loaded
    .then(({ domain }) => simulate({ domain, ...task }))
    .then(
      ({ transcript: _, ...answer }) => process.send?.(answer satisfies Answer),
      (error: unknown) => {
        throw error;
      },
    );
});
