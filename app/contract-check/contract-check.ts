import { z } from "zod";
import { validateFiles } from "../../runtime/contract/checks/validate.ts";
import { compileDomain } from "../../runtime/contract/compile/compile-domain.ts";
import { Diagnostic } from "../../runtime/contract/diagnostics/diagnostic.ts";
import { checkModel } from "../../runtime/contract/exploration/check-model.ts";
import { buildGraph, ContractGraph } from "../../runtime/contract/graph/graph.ts";
import type { DomainModel } from "../../runtime/contract/model/domain-model.ts";
import type { ContractFile } from "../../runtime/contract/reading/contract-folder.ts";
import { configuredAs } from "../host/configuration.ts";
import { declaredDomains } from "../host/declared-domains.ts";
import type { Module } from "../host/module.ts";
import type { ExportedLine } from "../journal/exported-line.ts";
import { openJournal } from "../journal/open-journal.ts";
import { PlanReport, runPlan } from "../journal/plan-report.ts";

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

/** What the thread says: it wants more lines of the journal, or it is done. No lines tell it that there are no more. */
export type WorkerMessage = "lines" | { readonly result: ContractCheck } | { readonly failed: string };

/**
 * What `validate`, `graph`, `check` and `plan` say of contracts that lie in no folder.
 * @param lines of the journal, read for a plan only
 */
export async function checkContracts(
  modules: readonly Module[],
  { domain, files, model: explores, planHours }: Omit<CheckRequest, "module">,
  lines: AsyncIterable<ExportedLine>,
  statesMax?: number,
): Promise<ContractCheck> {
  const codes = declaredDomains(modules)
    .filter(({ name }) => name === domain)
    .map(({ code }) => code);
  const { model, diagnostics: found } = validateFiles("the contracts", files, ...codes);
  const diagnostics = [...found];
  if (!model) return { diagnostics, graph: null, model: null, plan: null };
  const checked = { diagnostics, graph: buildGraph(model), model: explores ? explored(model, statesMax) : null };
  if (planHours === undefined) return { ...checked, plan: null };
  const journal = await openJournal(lines, () => ({
    code: model.code,
    compile: (names) => compileDomain(model, names),
  }));
  const edited = compileDomain(configuredAs(model, journal.newest), journal.head);
  return { ...checked, plan: await runPlan(journal, edited, planHours) };
}

function explored(domain: DomainModel, statesMax: number | undefined): ContractCheck["model"] {
  const { states, transitions, diagnostics, untaken } = checkModel(domain, statesMax);
  return { states, transitions, violations: [...diagnostics], untaken: [...untaken] };
}
