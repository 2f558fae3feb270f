import { fileURLToPath } from "node:url";
import { SERVED_BY_DEFAULT, SHIPPED } from "../modules/shipped.ts";
import { configuredModules, loadModule, locateModule } from "./load-modules.ts";
import { InvalidModuleError, type Module, type ModuleCommand } from "./module.ts";

/**
 * The modules that are named, else those of `rollcall.config.json` in the folder, else what is served by default.
 * @param names of shipped modules, files or packages
 * @param wanted domains, when not all are: then a module that can't be loaded is left out if the others have them
 * @throws InvalidModuleError for the first that can't be loaded, and for two that have the same domain
 */
export async function chosenModules(
  names: readonly string[],
  directory: string,
  wanted: {
    readonly only?: readonly string[] | undefined;
    readonly onLeftOut?: (error: unknown) => void;
    /** When none is named. Default: what is served then. */
    readonly unnamed?: readonly Module[];
  } = {},
): Promise<readonly Module[]> {
  const { only, onLeftOut, unnamed = SERVED_BY_DEFAULT } = wanted;
  const chosen = names.length > 0 ? names : configuredModules(directory);
  if (chosen.length === 0) return withDomains(unnamed, only);
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

/**
 * The files that modules would be loaded from, without the shipped ones.
 * @throws InvalidModuleError for one that is absent
 */
export const moduleFiles = (names: readonly string[], directory: string): readonly string[] =>
  names
    .filter((name) => !SHIPPED.some((module) => module.name === name))
    .map((name) => fileURLToPath(locateModule(name, directory)));

/**
 * The commands that modules have: the shipped ones, and those that `rollcall.config.json` in the folder names.
 * @param taken the first words of the program's own commands
 * @param onLeftOut called for each module that can't be loaded: the others have theirs all the same
 */
export async function commandsOfModules(
  directory: string,
  taken: readonly string[],
  onLeftOut: (error: unknown) => void,
): Promise<ReadonlyMap<string, () => Promise<ModuleCommand>>> {
  const configured = await chosenModules([], directory, { only: [], onLeftOut });
  const modules = [...new Set([...SHIPPED, ...configured])];
  const commands = modules.flatMap(({ name, commands = {} }) =>
    Object.entries(commands).map(([verb, load]) => ({ name, verb, load })),
  );
  const words = [...taken, ...commands.map(({ verb }) => verb)];
  const repeated = commands.find(({ verb }) => words.indexOf(verb) !== words.lastIndexOf(verb));
  if (repeated)
    throw new InvalidModuleError(
      `the module ${repeated.name} has the command ${repeated.verb}, which there is already`,
    );
  return new Map(commands.map(({ verb, load }) => [verb, load]));
}
