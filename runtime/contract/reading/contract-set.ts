import { canonicalJson } from "../../core/canonical-json.ts";
import { type Diagnostic, fileDiagnostic } from "../diagnostics/diagnostic.ts";
import type { Contract, EffectContract } from "../language/schema.ts";
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
  return { set: { domain, orchestrator, reducer, effects, leftOut: [], computes, gateways }, diagnostics };
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
const sourcesOf = ({ orchestrator, reducer, effects }: ContractSet): readonly LoadedContract[] => [
  orchestrator,
  ...(reducer ? [reducer] : []),
  ...effects,
];

/** Those that are stored: also what is left out, from which and the hash it is known again. */
export const storedSourcesOf = (set: ContractSet): readonly LoadedContract[] => [...sourcesOf(set), ...set.leftOut];

/** And those that decide nothing: changing one changes no decision, so no process is fenced by it. */
export const allSourcesOf = (set: ContractSet): readonly LoadedContract[] => [
  ...storedSourcesOf(set),
  ...set.computes,
  ...set.gateways,
];

/** The variables that effects go by, each once. */
const variablesIn = (effects: ContractSet["effects"]): readonly string[] => [
  ...new Set(effects.flatMap(({ contract }) => contract.where_set ?? [])),
];
export const setVariablesOf = ({ effects }: ContractSet): readonly string[] => variablesIn(effects);
export const unsetVariablesOf = ({ leftOut }: ContractSet): readonly string[] => variablesIn(leftOut);

/** With all that is left out. */
export const wholeSet = (set: ContractSet): ContractSet =>
  set.leftOut.length === 0 ? set : { ...set, effects: [...set.effects, ...set.leftOut], leftOut: [] };

/** What there is of a folder's contracts where these variables are not set. */
export function whereUnset(set: ContractSet, variables: readonly string[]): ContractSet {
  const whole = wholeSet(set);
  const isThere = ({ contract: { where_set } }: LoadedContract<EffectContract>): boolean =>
    where_set === undefined || !variables.includes(where_set);
  const leftOut = whole.effects.filter((source) => !isThere(source));
  return leftOut.length === 0 ? whole : { ...whole, effects: whole.effects.filter(isThere), leftOut };
}

/** A domain has no more variables: there are at most 8 choices of those that are not set. */
export const VARIABLES_MAX = 3;

/** Each choice of the variables that are not set; the first is of none. */
export const unsetChoices = (set: ContractSet): readonly (readonly string[])[] =>
  setVariablesOf(wholeSet(set))
    .slice(0, VARIABLES_MAX)
    .reduce<readonly (readonly string[])[]>(
      (choices, name) => [...choices, ...choices.map((each) => [...each, name])],
      [[]],
    );

/** What was there under a hash, of contracts that were stored with all that was left out. */
export const setWithHash = (set: ContractSet, hash: string): ContractSet | undefined =>
  unsetChoices(set)
    .map((unset) => whereUnset(set, unset))
    .find((each) => contentHash(each) === hash);

/**
 * SHA-256, hex, of a domain's normalized contracts that decide; file names and the order of keys make no difference.
 */
export function contentHash(set: ContractSet): string {
  const contracts: Contract[] = sourcesOf(set).map(({ contract }) => contract);
  const texts = contracts.map((contract) => canonicalJson(contract)).sort();
  return createHash("sha256").update(JSON.stringify(texts)).digest("hex");
}
