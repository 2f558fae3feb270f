import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { Contract } from "../language/schema.ts";
import type { ContractSet, ContractSource } from "./contract-source.ts";

const ofKind = <Kind extends Contract["node_type"]>(sources: readonly ContractSource[], kind: Kind) =>
  sources.filter(({ contract }) => contract.node_type === kind) as unknown as readonly ContractSource<
    Extract<Contract, { node_type: Kind }>
  >[];

/**
 * The contracts of a folder as one domain: exactly one orchestrator, exactly one reducer, all of the same domain.
 * What is missing or too much is RC109; the set is made as long as nothing is missing.
 */
export function contractSet(
  dir: string,
  sources: readonly ContractSource[],
): { readonly set?: ContractSet; readonly diagnostics: readonly Diagnostic[] } {
  const orchestrators = ofKind(sources, "ORCHESTRATOR");
  const reducers = ofKind(sources, "REDUCER");
  const [orchestrator] = orchestrators;
  const [reducer] = reducers;
  const missing = [...(orchestrator ? [] : ["orchestrator"]), ...(reducer ? [] : ["reducer"])];
  const diagnostics = [
    ...missing.map((kind) => lacks(dir, kind)),
    ...[...orchestrators.slice(1), ...reducers.slice(1)].map((source) => second(source, orchestrator, reducer)),
    ...sources.flatMap((source) => elsewhere(source, orchestrator ?? sources[0]!)),
  ];
  if (!orchestrator || !reducer) return { diagnostics };
  const effects = ofKind(sources, "EFFECT");
  return { set: { domain: orchestrator.contract.domain, orchestrator, reducer, effects }, diagnostics };
}

const lacks = (dir: string, kind: string): Diagnostic => ({
  ...{ file: dir, line: 1, column: 1, width: 1, excerpt: "" },
  ...{ code: "RC109", severity: "error", message: `a domain has one ${kind}: this folder has none` },
});

function second(source: ContractSource, orchestrator?: ContractSource, reducer?: ContractSource): Diagnostic {
  const kind = source.contract.node_type.toLowerCase();
  const first = source.contract.node_type === "ORCHESTRATOR" ? orchestrator : reducer;
  const related = first ? { related: [{ ...first.place(["node_type"]), message: "the first" }] } : {};
  const message = `a domain has one ${kind}: this is a second one`;
  return { ...source.place(["node_type"]), code: "RC109", severity: "error", message, ...related };
}

function elsewhere(source: ContractSource, first: ContractSource): readonly Diagnostic[] {
  const [here, there] = [source.contract.domain, first.contract.domain];
  if (here === there) return [];
  const related = [{ ...first.place(["domain"]), message: `${there} is declared here` }];
  const message = `a folder is one domain: ${here} is not ${there}`;
  return [{ ...source.place(["domain"]), code: "RC109", severity: "error", message, suggestion: there, related }];
}
