import { simulate, type SimulationResult } from "./simulation.ts";

export interface Task {
  readonly seed: number;
  readonly steps: number;
}
export type Answer = Omit<SimulationResult, "story">;

/** Runs one seed after another for whoever started it. */
process.on("message", (task: Task) => {
  void simulate(task).then(
    ({ story: _, ...answer }) => process.send?.(answer satisfies Answer),
    (error: unknown) => {
      throw error;
    },
  );
});
