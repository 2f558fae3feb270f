import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { Contract } from "../language/schema.ts";
import type { ContractSet, LoadedContract } from "./contract-source.ts";
import { diagnosticAt, sourceRef } from "./source-ref.ts";

const contractsOfKind = <Kind extends Contract["node_type"]>(sources: readonly LoadedContract[], kind: Kind) =>
  sources.filter(({ contract }) => contract.node_type === kind) as unknown as readonly LoadedContract<
    Extract<Contract, { node_type: Kind }>
  >[];

/**
 * The contracts of a folder as one domain: exactly one orchestrator, exactly one reducer, all of the same domain.
 * What is missing or too much is RC109; the set is made as long as nothing is missing.
 */
export function buildContractSet(
  dir: string,
  sources: readonly LoadedContract[],
): { readonly set?: ContractSet; readonly diagnostics: readonly Diagnostic[] } {
  const orchestrators = contractsOfKind(sources, "ORCHESTRATOR");
  const reducers = contractsOfKind(sources, "REDUCER");
  const [orchestrator] = orchestrators;
  const [reducer] = reducers;
  const diagnostics = [
    ...(orchestrator ? [] : [missingContract(dir, "orchestrator")]),
    ...(reducer ? [] : [missingContract(dir, "reducer")]),
    ...surplusContracts(orchestrators),
    ...surplusContracts(reducers),
    ...ofOtherDomains(orchestrator ?? sources[0], sources),
  ];
  if (!orchestrator || !reducer) return { diagnostics };
  const effects = contractsOfKind(sources, "EFFECT");
  return { set: { domain: orchestrator.contract.domain, orchestrator, reducer, effects }, diagnostics };
}

const missingContract = (dir: string, kind: string): Diagnostic => ({
  ...{ file: dir, line: 1, column: 1, width: 1, excerpt: "" },
  ...{ code: "RC109", severity: "error", message: `a domain has one ${kind}: this folder has none` },
});

const surplusContracts = ([first, ...others]: readonly LoadedContract[]): readonly Diagnostic[] =>
  others.map((source) => {
    const message = `a domain has one ${source.contract.node_type.toLowerCase()}: this is a second one`;
    const related = first && [{ at: sourceRef(first, "node_type"), message: "the first" }];
    return diagnosticAt("RC109", sourceRef(source, "node_type"), message, { related });
  });

function ofOtherDomains(first: LoadedContract | undefined, sources: readonly LoadedContract[]): readonly Diagnostic[] {
  if (!first) return [];
  const { domain } = first.contract;
  const related = [{ at: sourceRef(first, "domain"), message: `${domain} is declared here` }];
  return sources
    .filter(({ contract }) => contract.domain !== domain)
    .map((source) => {
      const message = `a folder is one domain: ${source.contract.domain} is not ${domain}`;
      return diagnosticAt("RC109", sourceRef(source, "domain"), message, { suggestion: domain, related });
    });
}
