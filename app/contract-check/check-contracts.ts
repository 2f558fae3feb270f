import { compileDomain } from "../../runtime/contract/compile/compile-domain.ts";
import type { ContractFile } from "../../runtime/contract/reading/contract-folder.ts";
import type { Diagnostic } from "../../runtime/contract/diagnostics/diagnostic.ts";
import { type ModelCheckResult, checkModel } from "../../runtime/contract/exploration/check-model.ts";
import { type Graph, buildGraph } from "../../runtime/contract/graph/graph.ts";
import { validateFiles } from "../../runtime/contract/checks/validate.ts";
import type { JournalLine } from "../journal/journal-line.ts";
import { openJournal } from "../journal/open-journal.ts";
import { type PlanReport, runPlan } from "../journal/plan-report.ts";
import { withoutBackends } from "../modules/registration.ts";

export interface CheckRequest {
  /** The whole domain's. */
  readonly files: readonly ContractFile[];
  /** Whether every course of a small world is tried. */
  readonly model: boolean;
  /** How far back the journal is taken again; undefined: not at all. */
  readonly planHours?: number | undefined;
}
export interface CheckResult {
  readonly diagnostics: readonly Diagnostic[];
  /** Null where there is an error, as all below; also null: was not asked for. */
  readonly graph: Graph | null;
  readonly model: ModelCheckResult | null;
  readonly plan: PlanReport | null;
}

/**
 * What `validate`, `graph`, `check` and `plan` say of contracts that lie in no folder. @param journal is read for a
 * plan only
 */
export async function checkContracts(
  { files, model, planHours }: CheckRequest,
  journal: AsyncIterable<JournalLine>,
): Promise<CheckResult> {
  const code = withoutBackends();
  const { set, diagnostics } = validateFiles("the contracts", files, code);
  if (!set) return { diagnostics, graph: null, model: null, plan: null };
  return {
    diagnostics,
    graph: buildGraph(set, code),
    model: model ? checkModel(set, code) : null,
    plan: planHours === undefined ? null : await plan(planHours),
  };

  async function plan(hours: number): Promise<PlanReport> {
    const validSet = set as NonNullable<typeof set>;
    const open = await openJournal(journal, code, (names) => compileDomain(validSet, code, names));
    return runPlan(open, compileDomain(validSet, code, open.head), hours);
  }
}
