import { compileDomain } from "../../runtime/contract/compile/compile-domain.ts";
import type { ContractFile } from "../../runtime/contract/reading/contract-folder.ts";
import type { Diagnostic } from "../../runtime/contract/diagnostics/diagnostic.ts";
import { type ModelCheckResult, checkModel } from "../../runtime/contract/exploration/check-model.ts";
import { buildGraph, type ContractGraph } from "../../runtime/contract/graph/graph.ts";
import type { TopicVariables } from "../../runtime/contract/language/topic-pattern.ts";
import type { DomainModel } from "../../runtime/contract/model/domain-model.ts";
import { validateFiles } from "../../runtime/contract/checks/validate.ts";
import type { Domain } from "../../runtime/core/domain.ts";
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
  readonly graph: ContractGraph | null;
  readonly model: ModelCheckResult | null;
  readonly plan: PlanReport | null;
}

/**
 * What `validate`, `graph`, `check` and `plan` say of contracts that lie in no folder. @param journal is read for a
 * plan only
 */
export async function checkContracts(
  { files, model: explores, planHours }: CheckRequest,
  journal: AsyncIterable<JournalLine>,
): Promise<CheckResult> {
  const { model, diagnostics } = validateFiles("the contracts", files, withoutBackends());
  if (!model) return { diagnostics, graph: null, model: null, plan: null };
  return {
    diagnostics,
    graph: buildGraph(model),
    model: explores ? checkModel(model) : null,
    plan: planHours === undefined ? null : await planOf(model, journal, planHours),
  };
}

async function planOf(model: DomainModel, journal: AsyncIterable<JournalLine>, hours: number): Promise<PlanReport> {
  // Both are asked for with the names that the journal's head has.
  let compiled: Domain | undefined;
  const domainFor = (names: TopicVariables): Domain => (compiled ??= compileDomain(model, names));
  const open = await openJournal(journal, model.code, domainFor);
  return runPlan(open, domainFor(open.head), hours);
}
