import { validateDomain } from "../../runtime/contract/checks/validate.ts";
import type { DomainModel } from "../../runtime/contract/model/domain-model.ts";
import { withoutBackends } from "../modules/registration.ts";
import { printDiagnostics } from "./output.ts";

/** The contracts of a folder. Errors go to standard error and set the exit code; then there is no result. */
export function readFolder(dir: string): DomainModel | undefined {
  const { model, diagnostics } = validateDomain(dir, withoutBackends());
  if (model) return model;
  printDiagnostics(diagnostics);
  process.exitCode = 1;
  return undefined;
}
