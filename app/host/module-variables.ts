import { z } from "zod";
import { BACKEND_VARIABLES } from "../../effects/backends.ts";
import { didYouMean } from "../../runtime/contract/diagnostics/did-you-mean.ts";
import type { Config } from "./config.ts";
import type { Module, Variables } from "./module.ts";

interface Variable {
  readonly module: string;
  readonly name: string;
  readonly field: z.core.$ZodType & { readonly description?: string | undefined };
}

/** `NAME_FILE` may name a file with the value, and no text shows it. */
export const isSecret = ({ description }: { readonly description?: string | undefined }): boolean =>
  description?.endsWith("(secret)") ?? false;

export const variablesOf = (modules: readonly Module[]): readonly Variable[] =>
  modules.flatMap(({ name: module, config }) =>
    Object.entries(config?.shape ?? {}).map(([name, field]) => ({ module, name, field: field as Variable["field"] })),
  );

/** What effects of contracts may go by: of the backends that are everybody's, and of the module's own. */
export function optionalVariables({ config }: Module): readonly string[] {
  const fields = Object.entries({ ...BACKEND_VARIABLES, ...config?.shape });
  return fields.flatMap(([name, field]) => {
    const { success, data } = z.safeParse(field, undefined);
    return success && data === undefined ? [name] : [];
  });
}

/** Those of them that are set here. */
export function setVariables(config: Pick<Config, keyof typeof BACKEND_VARIABLES | "ofModules">, module: Module) {
  const values: Readonly<Record<string, unknown>> = { ...config, ...config.ofModules[module.name] };
  return optionalVariables(module).filter((name) => values[name] !== undefined);
}

/** For what only checks, draws, replays or tests: each variable has its default, or is undefined. */
export const withoutVariables = ({ config }: Module): Variables =>
  Object.fromEntries(
    Object.entries(config?.shape ?? {}).map(([name, field]) => [name, z.safeParse(field, undefined).data]),
  );

/** @returns by the module's name, without those of which there is a problem */
export function readModuleVariables(
  modules: readonly Module[],
  values: Readonly<Record<string, string>>,
  onProblem: (problem: string) => void,
): Readonly<Record<string, Variables>> {
  repeatedVariables(modules).forEach(onProblem);
  return Object.fromEntries(
    modules.flatMap(({ name: module, config }) => {
      if (!config) return [];
      const own = Object.fromEntries(Object.keys(config.shape).map((name) => [name, values[name]]));
      const { data, issues } = parse(config, own);
      for (const { path, message } of issues) {
        const name = String(path[0] ?? "config");
        const description = (config.shape[name] as Variable["field"] | undefined)?.description;
        const text = name in own && own[name] === undefined ? "is not set" : message;
        onProblem(`${name}: ${text} (of the module ${module}${description ? `: ${description}` : ""})`);
      }
      return data ? [[module, data]] : [];
    }),
  );
}

/** What a module's own transform throws, Zod passes on. */
function parse(config: z.ZodObject, own: Variables) {
  try {
    const { data, error } = config.safeParse(own);
    return { data, issues: error?.issues ?? [] };
  } catch (error) {
    return { data: undefined, issues: [{ path: [], message: `can't be read: ${String(error)}` }] };
  }
}

/** A variable may be shared by modules that mean the same by it. */
function repeatedVariables(modules: readonly Module[]): readonly string[] {
  const all = variablesOf(modules);
  const meaning = ({ field }: Variable): string =>
    JSON.stringify(z.toJSONSchema(field, { io: "input", unrepresentable: "any" }));
  return all.flatMap((each, index) => {
    const first = all.findIndex(({ name }) => name === each.name);
    const other = all[first];
    return first === index || !other || meaning(other) === meaning(each)
      ? []
      : `${each.name}: the modules ${other.module} and ${each.module} declare it differently: rename one of them`;
  });
}

/** By the client and the tests; and what Kubernetes tells every container of its services. */
const READ_ELSEWHERE =
  /^ROLLCALL_(URL|TOKEN|TOKEN_FILE|SERVICES_INSTANCE)$|_SERVICE_(HOST|PORT)(_\w+)?$|_PORT_\d+_\w+$/;
const SERVICE_ADDRESS = /^(tcp|udp):\/\//;

/**
 * Variables that are set, begin as ours or as those of a module, and that nobody reads.
 * @param own the variables that are not of modules
 * @returns a warning each
 */
export function unknownVariables(
  environment: Readonly<Record<string, string | undefined>>,
  own: Readonly<Record<string, { readonly description?: string | undefined }>>,
  modules: readonly Module[],
): readonly string[] {
  const declared = [...Object.entries(own), ...variablesOf(modules).map(({ name, field }) => [name, field] as const)];
  const known = new Set(declared.flatMap(([name, field]) => (isSecret(field) ? [name, `${name}_FILE`] : [name])));
  const prefixes = ["rollcall", ...modules.map(({ name }) => name)].map((name) => `${name.toUpperCase()}_`);
  return Object.entries(environment)
    .filter(([name]) => prefixes.some((prefix) => name.startsWith(prefix)))
    .filter(([name]) => !known.has(name) && !READ_ELSEWHERE.test(name))
    .filter(([, value]) => value !== undefined && !SERVICE_ADDRESS.test(value))
    .map(([name]) => {
      const meant = didYouMean(name, known);
      return `${name} is set, and nothing reads it${meant === undefined ? "" : `: did you mean ${meant}?`}`;
    });
}
