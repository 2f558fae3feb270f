import { fileURLToPath } from "node:url";
import { withoutBackends } from "../../effects/backends.ts";
import type { DomainCode } from "../../runtime/core/domain.ts";
import { registration } from "../modules/registration/module.ts";
import { configuredModules, loadModule } from "./load-modules.ts";
import { InvalidModuleError, type Module } from "./module.ts";

/** Of registration: the contracts that commands take by default. */
export const SHIPPED_CONTRACTS = fileURLToPath(new URL("../../contracts/registration", import.meta.url));
const SHIPPED: readonly Module[] = [registration];

/**
 * The modules that are named, else those of `rollcall.config.json` in the folder, else all shipped ones.
 * @param names of shipped modules, files or packages
 * @param wanted domains, when not all are: then a module that can't be loaded is left out if the others have them
 * @throws InvalidModuleError for the first that can't be loaded, and for two that have the same domain
 */
export async function chosenModules(
  names: readonly string[],
  directory: string,
  wanted: { readonly only?: readonly string[] | undefined; readonly onLeftOut?: (error: unknown) => void } = {},
): Promise<readonly Module[]> {
  const { only, onLeftOut } = wanted;
  const chosen = names.length > 0 ? names : configuredModules(directory);
  if (chosen.length === 0) return withDomains(SHIPPED, only);
  const modules: Module[] = [];
  const errors: unknown[] = [];
  for (const name of chosen) {
    const shipped = SHIPPED.find((module) => module.name === name);
    try {
      modules.push(shipped ?? (await loadModule(name, directory)));
    } catch (error) {
      if (!only) throw error;
      errors.push(error);
    }
  }
  const domains = domainsOf(modules);
  refuseRepeated(
    "the name",
    modules.map(({ name }) => name),
    chosen,
  );
  refuseRepeated("the domain", domains, chosen);
  if (errors.length > 0 && only?.some((domain) => !domains.includes(domain))) throw errors[0];
  for (const error of errors) onLeftOut?.(error);
  return withDomains(modules, only);
}

function refuseRepeated(what: string, names: readonly string[], chosen: readonly string[]): void {
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined)
    throw new InvalidModuleError(`two modules have ${what} ${repeated}: ${chosen.join(", ")}. Keep one of them`);
}

const domainsOf = (modules: readonly Module[]): string[] =>
  modules.flatMap((module) => module.domains.map((domain) => domain.name));

function withDomains(modules: readonly Module[], only: readonly string[] = []): readonly Module[] {
  const known = domainsOf(modules);
  const unknown = only.filter((domain) => !known.includes(domain));
  if (unknown.length > 0)
    throw new InvalidModuleError(`--only ${unknown.join(",")}: no module has it; the modules have ${known.join(", ")}`);
  return modules;
}

/** The code of all domains, for commands that check, draw or replay contracts: an effect that is called throws. */
export const codesOf = (modules: readonly Module[]): readonly DomainCode[] =>
  modules.flatMap(({ domains }) => domains.map(({ name, code }) => ({ ...code(withoutBackends), domain: name })));
