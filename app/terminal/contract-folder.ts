import { relative } from "node:path";
import { checkForeignTopics } from "../../runtime/contract/checks/check-foreign-topics.ts";
import { type ValidationResult, validateDomain } from "../../runtime/contract/checks/validate.ts";
import { compileDomain } from "../../runtime/contract/compile/compile-domain.ts";
import type { TopicVariables } from "../../runtime/contract/language/topic-pattern.ts";
import type { DomainModel } from "../../runtime/contract/model/domain-model.ts";
import type { Domain, DomainCode } from "../../runtime/core/domain.ts";
import { type DeclaredDomain, declaredDomains } from "../host/declared-domains.ts";
import { chosenModules } from "../host/modules.ts";
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

/** The domains of the chosen modules. @throws InvalidModuleError */
export const domainsOf = async ({ module = [] }: ModuleOptions): Promise<readonly DeclaredDomain[]> =>
  declaredDomains(await chosenModules(module, process.cwd()));

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
    const problems = folder.model ? [...checkForeignTopics(folder.model, models)] : [];
    if (problems.length === 0) return folder;
    return { dir: folder.dir, diagnostics: [...folder.diagnostics, ...problems] };
  });
}

/**
 * The contracts of the folder; without one those of the domain that is named, or of the only one. Errors go to standard
 * error and set the exit code; then there is no result.
 */
export async function readFolder(dir: string | undefined, options: FolderOptions): Promise<DomainModel | undefined> {
  const domains = await domainsOf(options);
  refuseBoth(dir, options);
  const chosen = dir ?? shownPath(chooseDomain(domains, options.domain, "the modules"));
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
