import { z } from "zod";
import { durationMs } from "../../runtime/contract/language/schema-parts.ts";
import { ROW_KINDS } from "../../runtime/core/projection.ts";
import { loadData } from "../../runtime/core/entity-data.ts";
import { CONFIG_SCHEMA } from "./config.ts";
import { InvalidModuleError, MODULE_API, type Module, type ModuleCode, type ModuleDomain } from "./module.ts";
import { withoutVariables } from "./module-variables.ts";
import { refusingBackends, TAKEN_NAMES } from "./own-backends.ts";

const Name = z.string().regex(/^[a-z][a-z0-9_]{0,40}$/, "must be 1 to 41 of a-z 0-9 _, beginning with a letter");
const aFunction = z.custom((value) => typeof value === "function", "must be a function");
const BackendName = z
  .string()
  .regex(/^[a-z][a-zA-Z0-9]{0,40}$/, "must be 1 to 41 letters and digits, beginning with a small one")
  .refine((name) => !TAKEN_NAMES.includes(name), "is the name of a backend that there is already");
const record = z.record(z.string(), z.unknown());
const objectShape = z.custom<z.ZodObject>(
  (value) => (value as { readonly _zod?: Inner } | null)?._zod?.def?.["type"] === "object",
  "must be an object of Zod, made with z of rollcall: z.object({ ... })",
);

const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;
const isInterval = (text: string): boolean => {
  const ms = durationMs(text) ?? 0;
  return text === "always" || (ms >= SECOND_MS && ms <= DAY_MS);
};
const JobShape = z.strictObject({
  name: Name,
  every: z.string().refine(isInterval, 'must be "always", or 1s to 1d: an integer and ms, s, m, h or d'),
  run: aFunction,
});

// Modules are recognised by their shape: one that has its own copy of this package is as good as one that shares ours.
const folderUrl = z.custom<URL>(
  (value) => typeof value === "object" && value !== null && "href" in value && "protocol" in value,
  "must be the URL of the folder: new URL of it and the module's own URL",
);
const ModuleShape = z.strictObject({
  api: z.literal(MODULE_API, {
    error: ({ input }) =>
      `must be ${MODULE_API}, not ${JSON.stringify(input)}: the module is for another version of rollcall`,
  }),
  name: Name,
  domains: z
    .array(
      z.strictObject({
        name: Name,
        contracts: folderUrl,
        code: aFunction,
        measures: z.array(z.strictObject({ name: Name, help: z.string().min(1), durationMs: aFunction })).optional(),
        jobs: z.array(JobShape).max(100).optional(),
      }),
    )
    .min(1, "must have a domain"),
  commands: z.record(z.string().regex(/^[a-z][a-z-]{0,40}$/, "must be a-z and -"), aFunction).optional(),
  routes: aFunction.optional(),
  isAtRoot: z.boolean().optional(),
  config: z
    .custom<z.ZodObject>(
      (value) => (value as { readonly _zod?: Inner } | null)?._zod?.def?.["type"] === "object",
      "must be an object of Zod, made with z of rollcall: z.object({ NAME: z.string().describe(...) })",
    )
    .superRefine((config, context) => {
      for (const [name, message] of problemsOfConfig(config))
        context.addIssue({ code: "custom", path: [name], message });
    })
    .optional(),
  migrations: folderUrl.optional(),
  backends: z
    .record(BackendName, z.strictObject({ open: aFunction, check: aFunction.optional(), close: aFunction.optional() }))
    .optional(),
});

function problemsOfConfig({ shape }: z.ZodObject): readonly (readonly [name: string, message: string])[] {
  return Object.entries(shape).flatMap(([name, field]) => {
    if (hasForeignSchema(field)) return [[name, OTHER_ZOD] as const];
    const problems = [
      ...(/^[A-Z][A-Z0-9_]{0,80}$/.test(name) ? [] : ["must be of A-Z 0-9 _, as variables of the environment are"]),
      ...(Object.hasOwn(CONFIG_SCHEMA.shape, name.replace(/_FILE$/, "")) || name.startsWith("ROLLCALL_")
        ? ["is a name of rollcall's own: begin it with the module's name"]
        : []),
      ...((field as z.ZodType).description ? [] : ['has no description: end it with .describe("...")']),
    ];
    return problems.map((problem) => [name, problem] as const);
  });
}

/** The store keeps it as a 32 bit integer. */
const STATE_VERSION_MAX = 2_147_483_647;
const RowShape = z.looseObject({
  ...{ kind: z.enum(ROW_KINDS), version: z.int().min(1), shape: objectShape, of: aFunction },
});
/** A function, or a list of several versions of it. */
const RowVersions = z.unknown().superRefine((of, context) => {
  const [isList, all] = [Array.isArray(of), [of].flat()];
  for (const [index, each] of all.entries())
    for (const { path, message } of RowShape.safeParse(each).error?.issues ?? [])
      context.addIssue({ code: "custom", path: [...(isList ? [index] : []), ...path], message });
  const versions = new Set(all.map((each) => (each as { readonly version?: unknown } | undefined)?.version));
  if (versions.size < Math.max(1, all.length))
    context.addIssue({ code: "custom", message: "each version stands once" });
});
const CodeShape = z.looseObject({
  messages: z.array(z.looseObject({ messageType: z.string(), shape: record })),
  handlers: z.record(z.string(), z.looseObject({ message: z.looseObject({ messageType: z.string() }) })).optional(),
  reducer: z.looseObject({ schema: z.unknown(), updates: record, builders: record }).optional(),
  stateVersion: z.int().min(1).max(STATE_VERSION_MAX).optional(),
  upcast: aFunction.optional(),
  intents: z.array(z.looseObject({ intentType: z.string(), shape: record })).optional(),
  effects: z.record(z.string(), z.looseObject({ intent: z.looseObject({ intentType: z.string() }) })).optional(),
  rows: z.record(z.string(), RowVersions).optional(),
  requests: z.record(z.string(), aFunction).optional(),
  views: z.record(z.string(), aFunction).optional(),
  errors: z.record(z.string(), aFunction).optional(),
  calls: z.record(z.string(), aFunction).optional(),
});

/**
 * Checks what a file exports as a module, also each domain's code.
 * @param from the file or package that it comes from, for messages
 * @throws InvalidModuleError with every problem
 */
export function checkModule(candidate: unknown, from: string): Module {
  const parsed = ModuleShape.safeParse(candidate);
  if (!parsed.success) throw invalid(from, issueTexts(parsed.error));
  const module = candidate as Module;
  const problems = module.domains.flatMap((domain) =>
    problemsOfCode(module, domain).map((problem) => `domain ${domain.name}: ${problem}`),
  );
  const names = module.domains.map(({ name }) => name);
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) problems.push(`the domain ${repeated} is declared twice`);
  if (module.isAtRoot && names.length > 1) problems.push("isAtRoot: only a module with one domain may be at the root");
  for (const { name, jobs = [] } of module.domains) {
    const twice = jobs.find((job, index) => jobs.findIndex((other) => other.name === job.name) !== index);
    if (twice) problems.push(`domain ${name}: two jobs have the name ${twice.name}`);
  }
  if (problems.length > 0) throw invalid(`${from} (${module.name})`, problems);
  return module;
}

const invalid = (from: string, problems: readonly string[]): InvalidModuleError =>
  new InvalidModuleError(`the module ${from} can't be used:\n${problems.map((each) => `  ${each}`).join("\n")}`);

const issueTexts = ({ issues }: z.ZodError): string[] =>
  issues.flatMap((issue) => {
    // Of a key that is wrong only the issues within say what is.
    const messages = issue.code === "invalid_key" ? issue.issues.map(({ message }) => message) : [issue.message];
    return messages.map((message) => (issue.path.length === 0 ? message : `${issue.path.join(".")}: ${message}`));
  });

function problemsOfCode(module: Module, { code }: ModuleDomain): readonly string[] {
  let made: unknown;
  try {
    made = code(refusingBackends(module), withoutVariables(module));
  } catch (error) {
    return [`code() throws ${String(error)}: make what it needs when an effect runs, not before`];
  }
  const parsed = CodeShape.safeParse(made);
  if (!parsed.success) return issueTexts(parsed.error).map((text) => `code(): ${text}`);
  const foreign = foreignShapesIn(made as ModuleCode);
  if (foreign.length === 0) return problemsOfState(made as ModuleCode);
  const more = foreign.length > 3 ? ` and ${foreign.length - 3} more` : "";
  const names = foreign.slice(0, 3).join(", ") + more;
  return [`${names}: ${OTHER_ZOD}`];
}

/** What is read from the store is parsed each time: data that was parsed must be as it is. */
function problemsOfState({ reducer, stateVersion = 1, upcast }: ModuleCode): readonly string[] {
  if (upcast && stateVersion === 1)
    return ["upcast has nothing to do under stateVersion 1: raise stateVersion with the change that needs it"];
  if (!reducer) return [];
  try {
    const loaded = loadData({ reducerCode: reducer, upcast }, reducer.initial);
    if (JSON.stringify(loaded) === JSON.stringify(reducer.initial)) return [];
    return [
      "the reducer's schema and upcast change data that is up to date: a new entity's would not be read as it is",
    ];
  } catch (error) {
    return [`a new entity's data can't be read: ${error instanceof Error ? error.message : String(error)}`];
  }
}

const OTHER_ZOD =
  'made with another copy of zod: import { z } from "rollcall", not from "zod", and use the rollcall that the module ' +
  "imports: npx rollcall, in its folder";

/** The names of shapes that our zod did not make: it can check them, but not document or compare them. */
function foreignShapesIn(code: ModuleCode): readonly string[] {
  const { messages, intents = [], reducer, rows = {}, requests, calls } = code;
  const asked = Object.entries({ ...requests, ...calls });
  const shapes: readonly (readonly [string, unknown])[] = [
    ...asked.flatMap(([name, { body, query }]) => [
      [`${name}'s body`, body] as const,
      [`${name}'s query`, query] as const,
    ]),
    ...messages.map(({ messageType, shape }) => [messageType, shape] as const),
    ...intents.map(({ intentType, shape }) => [intentType, shape] as const),
    ["the reducer's schema", reducer?.schema] as const,
    ...Object.entries(rows).flatMap(([name, of]) => [of].flat().map(({ shape }) => [name, shape] as const)),
  ];
  return shapes.filter(([, shape]) => hasForeignSchema(shape)).map(([name]) => name);
}

interface Inner {
  readonly constr?: { readonly name: string };
  readonly def?: Readonly<Record<string, unknown>>;
}

/** Every class of schemas and, in its core, of checks such as `min`. */
const OUR_ZOD: Readonly<Record<string, unknown>> = { ...z.core, ...z };

function hasForeignSchema(value: unknown, seen = new Set<unknown>()): boolean {
  if (typeof value !== "object" || value === null || seen.has(value)) return false;
  seen.add(value);
  const inner = (value as { readonly _zod?: Inner })._zod;
  if (inner === undefined) return Object.values(value).some((each) => hasForeignSchema(each, seen));
  const { constr, def } = inner;
  if (constr === undefined || OUR_ZOD[constr.name] !== constr) return true;
  return Object.values(def ?? {}).some((each) => hasForeignSchema(each, seen));
}
