import type { RealSystem } from "../blackbox/real-system.ts";
import type { Stage } from "./stage.ts";

export type Figures = Readonly<Record<string, number | string>>;

/** A fault around or inside the program, for a limited time, under load. */
export interface Fault<World extends RealSystem = RealSystem> {
  readonly name: string;
  readonly what: string;
  /** The ids of the promises that must hold. */
  readonly criterion: string;
  /** Causes it and checks the promises; broken ones are reported to the stage. */
  run(stage: Stage<World>): Promise<Figures>;
}

export interface FaultResult {
  readonly name: string;
  readonly what: string;
  readonly criterion: string;
  readonly broken: readonly string[];
  readonly figures: Figures;
  readonly seconds: number;
}
