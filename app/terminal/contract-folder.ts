import { relative } from "node:path";
import { checkBetweenDomains } from "../../runtime/contract/checks/check-between-domains.ts";
import { type ValidationResult, validateDomain } from "../../runtime/contract/checks/validate.ts";
import { compileDomain } from "../../runtime/contract/compile/compile-domain.ts";
import type { TopicVariables } from "../../runtime/contract/language/topic-pattern.ts";
import type { DomainModel } from "../../runtime/contract/model/domain-model.ts";
import type { Domain, DomainCode } from "../../runtime/core/domain.ts";
import { type DeclaredDomain, declaredDomains } from "../host/declared-domains.ts";
import type { Module } from "../host/module.ts";
import { chosenModules } from "../host/modules.ts";
import { SHIPPED } from "../modules/shipped.ts";
import { chooseDomain, type DomainOptions } from "./domain-choice.ts";
import { printDiagnostics } from "./output.ts";
import { UsageError } from "./usage-error.ts";

export interface ModuleOptions {
  /** Names of shipped modules, files or packages. */
  readonly module?: readonly string[];
}
type FolderOptions = ModuleOptions & DomainOptions;

/** A folder with contracts, checked against the code of the module that has their domain. */
export interface CheckedFolder extends ValidationResult {
  readonly dir: string;
}

const modulesOf = ({ module = [] }: ModuleOptions, unnamed?: readonly Module[]): Promise<readonly Module[]> =>
  chosenModules(module, process.cwd(), { ...(unnamed && { unnamed }) });

/** The domains of the chosen modules; of all shipped ones, when none is named. @throws InvalidModuleError */
export const domainsOf = async (options: ModuleOptions): Promise<readonly DeclaredDomain[]> =>
  declaredDomains(await modulesOf(options, SHIPPED));

/**
 * Checks the folder; without one those of all domains of the chosen modules, also together, or of the domain that is
 * named.
 */
export async function validateFolders(dir: string | undefined, options: FolderOptions): Promise<CheckedFolder[]> {
  const domains = await domainsOf(options);
  const { domain } = options;
  refuseBoth(dir, options);
  const chosen = domain === undefined ? domains : [chooseDomain(domains, domain, "the modules")];
  const folders = (dir === undefined ? chosen.map(shownPath) : [dir]).map((each) => validateOne(each, domains));
  const models = folders.flatMap(({ model }) => model ?? []);
  return folders.map((folder) => {
    const isAll = folders.length === domains.length;
    const problems = folder.model && isAll ? [...checkBetweenDomains(folder.model, models)] : [];
    if (problems.length === 0) return folder;
    return { dir: folder.dir, diagnostics: [...folder.diagnostics, ...problems] };
  });
}

/**
 * The contracts of the folder; without one those of the domain that is named, or of the only one that is served when
 * nothing is named. Errors go to standard error and set the exit code; then there is no result.
 */
export async function readFolder(dir: string | undefined, options: FolderOptions): Promise<DomainModel | undefined> {
  const domains = await domainsOf(options);
  refuseBoth(dir, options);
  const meant = options.domain === undefined ? declaredDomains(await modulesOf(options)) : domains;
  const chosen = dir ?? shownPath(chooseDomain(meant, options.domain, "the modules"));
  const { model, diagnostics } = validateOne(chosen, domains);
  if (model) return model;
  printDiagnostics(diagnostics);
  process.exitCode = 1;
  return undefined;
}

const validateOne = (dir: string, domains: readonly DeclaredDomain[]): CheckedFolder => ({
  dir,
  ...validateDomain(dir, ...domains.map(({ code }) => code)),
});

function refuseBoth(dir: string | undefined, { domain }: DomainOptions): void {
  if (dir !== undefined && domain !== undefined)
    throw new UsageError("give a folder or --domain, not both: the contracts in a folder name their domain");
}

/** Below the working directory relative to it, as an editor or a pipeline expects it. */
function shownPath({ directory }: DeclaredDomain): string {
  const path = relative(process.cwd(), directory);
  return path.startsWith("..") ? directory.replace(/[/\\]$/, "") : path || ".";
}

/** The contracts of a module's own folder. @throws Error when they have errors */
export function compileFolder(directory: string, code: DomainCode, names: TopicVariables): Domain {
  const { model } = validateDomain(directory, code);
  if (!model) throw new Error(`the contracts in ${directory} have errors: rollcall validate ${directory}`);
  return compileDomain(model, names);
}
