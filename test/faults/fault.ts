import type { Stage } from "./stage.ts";

export type Figures = Readonly<Record<string, number | string>>;

/** Something that goes wrong around or inside the program, for a limited time, under load. */
export interface Fault {
  readonly name: string;
  readonly what: string;
  /** The promises that must hold, by their ids, in short. */
  readonly criterion: string;
  /** Makes it happen and judges; what was broken is told to the stage. */
  run(stage: Stage): Promise<Figures>;
}

export interface FaultResult {
  readonly name: string;
  readonly what: string;
  readonly criterion: string;
  readonly broken: readonly string[];
  readonly figures: Figures;
  readonly seconds: number;
}
