import { canonicalJson } from "../../core/canonical-json.ts";
import { type Diagnostic, fileDiagnostic } from "../diagnostics/diagnostic.ts";
import type { Contract } from "../language/schema.ts";
import { type ContractSet, type LoadedContract, diagnosticAt, sourceRef } from "./contract-source.ts";
import { createHash } from "node:crypto";

const contractsOfKind = <Kind extends Contract["node_type"]>(sources: readonly LoadedContract[], kind: Kind) =>
  sources.filter(({ contract }) => contract.node_type === kind) as unknown as readonly LoadedContract<
    Extract<Contract, { node_type: Kind }>
  >[];

/**
 * The contracts of a folder as one domain: exactly one orchestrator, at most one reducer, all of the same domain.
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
    ...(orchestrator ? [] : [fileDiagnostic("RC109", dir, "a domain has one orchestrator: this folder has none")]),
    ...repeated("orchestrator", orchestrators),
    ...repeated("reducer", reducers),
    ...ofOtherDomains(orchestrator ?? sources[0], sources),
  ];
  if (!orchestrator) return { diagnostics };
  const [effects, computes] = [contractsOfKind(sources, "EFFECT"), contractsOfKind(sources, "COMPUTE")];
  const gateways = contractsOfKind(sources, "GATEWAY");
  const { domain } = orchestrator.contract;
  return { set: { domain, orchestrator, reducer, effects, computes, gateways }, diagnostics };
}

function repeated(kind: string, [first, ...more]: readonly LoadedContract[]): readonly Diagnostic[] {
  return more.map((each) => {
    const related = first && [{ at: sourceRef(first, "node_type"), message: "the first" }];
    const message = `a domain has one ${kind}: this is a second one`;
    return diagnosticAt("RC109", sourceRef(each, "node_type"), message, { related });
  });
}

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

/** Those that decide. */
export const sourcesOf = ({ orchestrator, reducer, effects }: ContractSet): readonly LoadedContract[] => [
  orchestrator,
  ...(reducer ? [reducer] : []),
  ...effects,
];

/** And those that do not: changing one changes no decision, so no process is fenced by it. */
export const allSourcesOf = (set: ContractSet): readonly LoadedContract[] => [
  ...sourcesOf(set),
  ...set.computes,
  ...set.gateways,
];

/**
 * SHA-256, hex, of a domain's normalized contracts that decide; file names and the order of keys make no difference.
 */
export function contentHash(set: ContractSet): string {
  const contracts: Contract[] = sourcesOf(set).map(({ contract }) => contract);
  const texts = contracts.map((contract) => canonicalJson(contract)).sort();
  return createHash("sha256").update(JSON.stringify(texts)).digest("hex");
}
