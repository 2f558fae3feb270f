import { compileDomain } from "../../runtime/contract/compile/compile-domain.ts";
import { checkModel } from "../../runtime/contract/exploration/check-model.ts";
import { buildGraph } from "../../runtime/contract/graph/graph.ts";
import type { TopicVariables } from "../../runtime/contract/language/topic-pattern.ts";
import type { DomainModel } from "../../runtime/contract/model/domain-model.ts";
import { validateFiles } from "../../runtime/contract/checks/validate.ts";
import type { Domain } from "../../runtime/core/domain.ts";
import type { JournalLine } from "../journal/journal-line.ts";
import { openJournal } from "../journal/open-journal.ts";
import { type PlanReport, runPlan } from "../journal/plan-report.ts";
import { withoutBackends } from "../modules/registration.ts";
import type { CheckRequest, ContractCheck } from "./contract-check.ts";

/**
 * What `validate`, `graph`, `check` and `plan` say of contracts that lie in no folder. @param journal is read for a
 * plan only
 */
export async function checkContracts(
  { files, model: explores, planHours }: CheckRequest,
  journal: AsyncIterable<JournalLine>,
): Promise<ContractCheck> {
  const { model, diagnostics: found } = validateFiles("the contracts", files, withoutBackends());
  const diagnostics = [...found];
  if (!model) return { diagnostics, graph: null, model: null, plan: null };
  return {
    diagnostics,
    graph: buildGraph(model),
    model: explores ? explored(model) : null,
    plan: planHours === undefined ? null : await planOf(model, journal, planHours),
  };
}

function explored(domain: DomainModel): ContractCheck["model"] {
  const { states, transitions, diagnostics, untaken } = checkModel(domain);
  return { states, transitions, violations: [...diagnostics], untaken: [...untaken] };
}

async function planOf(model: DomainModel, journal: AsyncIterable<JournalLine>, hours: number): Promise<PlanReport> {
  // Both are asked for with the names that the journal's head has.
  let compiled: Domain | undefined;
  const domainFor = (names: TopicVariables): Domain => (compiled ??= compileDomain(model, names));
  const open = await openJournal(journal, model.code, domainFor);
  return runPlan(open, domainFor(open.head), hours);
}
