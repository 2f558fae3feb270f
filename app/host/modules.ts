import { withoutBackends } from "../../effects/backends.ts";
import type { DomainCode } from "../../runtime/core/domain.ts";
import { registration } from "../modules/registration.ts";
import { configuredModules, loadModule } from "./load-modules.ts";
import { InvalidModuleError, type Module } from "./module.ts";

const SHIPPED: readonly Module[] = [registration];

/**
 * The modules that are named, else those of `rollcall.config.json` in the folder, else all shipped ones.
 * @param names of shipped modules, files or packages
 * @throws InvalidModuleError for the first that can't be loaded, and for two that have the same domain
 */
export async function chosenModules(names: readonly string[], directory: string): Promise<readonly Module[]> {
  const chosen = names.length > 0 ? names : configuredModules(directory);
  if (chosen.length === 0) return SHIPPED;
  const modules: Module[] = [];
  for (const name of chosen)
    modules.push(SHIPPED.find((shipped) => shipped.name === name) ?? (await loadModule(name, directory)));
  const domains = modules.flatMap((module) => module.domains.map((domain) => domain.name));
  const repeated = domains.find((domain, index) => domains.indexOf(domain) !== index);
  if (repeated !== undefined)
    throw new InvalidModuleError(`two modules have the domain ${repeated}: ${chosen.join(", ")}. Keep one of them`);
  return modules;
}

/** The code of all domains, for commands that check, draw or replay contracts: an effect that is called throws. */
export const codesOf = (modules: readonly Module[]): readonly DomainCode[] =>
  modules.flatMap(({ domains }) => domains.map(({ name, code }) => ({ domain: name, ...code(withoutBackends) })));
