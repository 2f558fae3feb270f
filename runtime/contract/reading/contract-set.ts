import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { Contract } from "../language/schema.ts";
import { type ContractSet, type LoadedContract, diagnosticAt, sourceRef } from "./contract-source.ts";
import { createHash } from "node:crypto";

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

/** JSON with sorted keys: the same content gives the same text, in whatever order it was written. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, canonical(inner)]));
}

/** SHA-256, hex, of a domain's normalized contracts; file names and the order of keys make no difference. */
export function contentHash({ orchestrator, reducer, effects }: ContractSet): string {
  const contracts: Contract[] = [orchestrator, reducer, ...effects].map(({ contract }) => contract);
  const texts = contracts.map((contract) => JSON.stringify(canonical(contract))).sort();
  return createHash("sha256").update(JSON.stringify(texts)).digest("hex");
}
