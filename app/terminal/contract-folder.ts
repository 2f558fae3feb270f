import { type ValidationResult, validateDomain } from "../../runtime/contract/checks/validate.ts";
import type { DomainModel } from "../../runtime/contract/model/domain-model.ts";
import { chosenModules, codesOf } from "../host/modules.ts";
import { printDiagnostics } from "./output.ts";

export interface ModuleOptions {
  /** Names of shipped modules, files or packages. */
  readonly module?: readonly string[];
}

/** The contracts of a folder, checked against the code of the module that has their domain. */
export const validateFolder = async (dir: string, { module = [] }: ModuleOptions): Promise<ValidationResult> =>
  validateDomain(dir, ...codesOf(await chosenModules(module, process.cwd())));

/** The contracts of a folder. Errors go to standard error and set the exit code; then there is no result. */
export async function readFolder(dir: string, options: ModuleOptions): Promise<DomainModel | undefined> {
  const { model, diagnostics } = await validateFolder(dir, options);
  if (model) return model;
  printDiagnostics(diagnostics);
  process.exitCode = 1;
  return undefined;
}
