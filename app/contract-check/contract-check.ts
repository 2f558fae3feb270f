import { z } from "zod";
import { Diagnostic } from "../../runtime/contract/diagnostics/diagnostic.ts";
import { ContractGraph } from "../../runtime/contract/graph/graph.ts";
import type { ContractFile } from "../../runtime/contract/reading/contract-folder.ts";
import { PlanReport } from "../journal/plan-report.ts";

export interface CheckRequest {
  /** The name of a shipped module, or the file that the thread loads it from. */
  readonly module: string;
  /** The module's domain that the contracts are of. */
  readonly domain: string;
  /** The whole domain's. */
  readonly files: readonly ContractFile[];
  /** Whether every course of a small world is tried. */
  readonly model: boolean;
  /** How far back the journal is taken again; undefined: not at all. */
  readonly planHours?: number | undefined;
}

/** What is null was not asked for, or could not be had because there are errors. */
export const ContractCheck = z.object({
  diagnostics: z.array(Diagnostic),
  graph: ContractGraph.nullable().describe("null: there are errors"),
  model: z
    .object({
      states: z.int().describe("states visited"),
      transitions: z.int(),
      violations: z.array(Diagnostic),
      untaken: z.array(z.string()).describe("transitions that no explored path took"),
    })
    .nullable(),
  plan: PlanReport.nullable(),
});
export type ContractCheck = z.infer<typeof ContractCheck>;
