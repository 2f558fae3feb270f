import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { Contract } from "../language/schema.ts";
import type { ContractSet, LoadedContract } from "./contract-source.ts";

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
  const missing = [...(orchestrator ? [] : ["orchestrator"]), ...(reducer ? [] : ["reducer"])];
  const diagnostics = [
    ...missing.map((kind) => missingContract(dir, kind)),
    ...[...orchestrators.slice(1), ...reducers.slice(1)].map((source) =>
      surplusContract(source, orchestrator, reducer),
    ),
    ...sources.flatMap((source) => otherDomain(source, orchestrator ?? sources[0]!)),
  ];
  if (!orchestrator || !reducer) return { diagnostics };
  const effects = contractsOfKind(sources, "EFFECT");
  return { set: { domain: orchestrator.contract.domain, orchestrator, reducer, effects }, diagnostics };
}

const missingContract = (dir: string, kind: string): Diagnostic => ({
  ...{ file: dir, line: 1, column: 1, width: 1, excerpt: "" },
  ...{ code: "RC109", severity: "error", message: `a domain has one ${kind}: this folder has none` },
});

function surplusContract(source: LoadedContract, orchestrator?: LoadedContract, reducer?: LoadedContract): Diagnostic {
  const kind = source.contract.node_type.toLowerCase();
  const first = source.contract.node_type === "ORCHESTRATOR" ? orchestrator : reducer;
  const related = first ? { related: [{ ...first.spanAt(["node_type"]), message: "the first" }] } : {};
  const message = `a domain has one ${kind}: this is a second one`;
  return { ...source.spanAt(["node_type"]), code: "RC109", severity: "error", message, ...related };
}

function otherDomain(source: LoadedContract, first: LoadedContract): readonly Diagnostic[] {
  const [here, there] = [source.contract.domain, first.contract.domain];
  if (here === there) return [];
  const related = [{ ...first.spanAt(["domain"]), message: `${there} is declared here` }];
  const message = `a folder is one domain: ${here} is not ${there}`;
  return [{ ...source.spanAt(["domain"]), code: "RC109", severity: "error", message, suggestion: there, related }];
}
