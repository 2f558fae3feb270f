import { simulate, type SimulationResult } from "./simulation.ts";

export interface Task {
  readonly seed: number;
  readonly steps: number;
}
export type Answer = Omit<SimulationResult, "transcript">;

/** Runs the seeds that the parent process sends, one after another. */
process.on("message", (task: Task) => {
  void simulate(task).then(
    ({ transcript: _, ...answer }) => process.send?.(answer satisfies Answer),
    (error: unknown) => {
      throw error;
    },
  );
});
