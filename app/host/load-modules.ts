import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { z } from "zod";
import { settleWithin } from "../../runtime/ports/settle-within.ts";
import { checkModule } from "./check-module.ts";
import { InvalidModuleError, type Module } from "./module.ts";
import { loadableAs } from "./module-specifiers.ts";

const CONFIG_FILE = "rollcall.config.json";
const IMPORT_MS = 30_000;
const ConfigFile = z.strictObject({
  $schema: z.string().optional(),
  modules: z.array(z.string().min(1)).describe("files or packages, one module each"),
});

/**
 * The modules that `rollcall.config.json` in a folder names; none without the file.
 * @throws InvalidModuleError for a file that is no valid configuration
 */
export function configuredModules(directory: string): readonly string[] {
  const path = join(directory, CONFIG_FILE);
  if (!existsSync(path)) return [];
  try {
    return ConfigFile.parse(JSON.parse(readFileSync(path, "utf8"))).modules;
  } catch (error) {
    const detail = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    throw new InvalidModuleError(`${path} can't be used: ${detail}\n  it should be { "modules": ["./module.js"] }`);
  }
}

/**
 * Loads a module by file or package name, relative to a folder.
 * @throws InvalidModuleError for one that can't be loaded or used
 */
export async function loadModule(specifier: string, directory: string): Promise<Module> {
  const url = locateModule(specifier, directory);
  let exported: Readonly<Record<string, unknown>>;
  try {
    exported = await settleWithin(IMPORT_MS, import(url) as Promise<Readonly<Record<string, unknown>>>, () => {
      throw new InvalidModuleError(`its file is not loaded after ${IMPORT_MS / 1_000} s: it awaits something`);
    });
  } catch (error) {
    if (error instanceof InvalidModuleError)
      throw new InvalidModuleError(`the module ${specifier} can't be loaded: ${error.message}`);
    throw new InvalidModuleError(`the module ${specifier} can't be loaded: ${placedText(error, url)}`);
  }
  const candidates = Object.values(exported).filter(isModuleLike);
  const chosen = exported["default"] ?? candidates[0];
  if (chosen === undefined || (exported["default"] === undefined && candidates.length > 1))
    throw new InvalidModuleError(
      `the module ${specifier} can't be used: it exports ${candidates.length} modules: export one, as the default`,
    );
  const module = checkModule(chosen, specifier);
  return loadableAs(module, fileURLToPath(url));
}

/** Frames of a stack that lead through Node, or through this command and its packages. */
const FOREIGN_FRAME = /^\s+at (?:.*[ (])?(?:node:|\S*[/\\]node_modules[/\\](?:rollcall|commander)[/\\]|<anonymous>)/;

/** An error with the places in the module's own files. */
function placedText(error: unknown, url: string): string {
  if (!(error instanceof Error)) return String(error);
  const { stack = error.message } = error;
  // What can't be parsed or linked has no place in its stack: Node prints it, and runs nothing of it.
  if (error instanceof SyntaxError && !stack.includes(dirname(fileURLToPath(url)))) {
    const program = ["--input-type=module", "--eval", `import ${JSON.stringify(url)};`];
    const { stderr } = spawnSync(process.execPath, program, { encoding: "utf8", timeout: IMPORT_MS });
    return stderr.split("\n    at ", 1)[0]?.trimEnd() || stack;
  }
  return stack
    .split("\n")
    .filter((line) => !FOREIGN_FRAME.test(line))
    .join("\n");
}

const isModuleLike = (value: unknown): boolean => typeof value === "object" && value !== null && "domains" in value;

/** URL of a module's file. @throws InvalidModuleError when there is none */
export function locateModule(specifier: string, directory: string): string {
  const path = resolve(directory, specifier);
  if (existsSync(path) && /\.[cm]?[jt]s$/.test(path)) return pathToFileURL(path).href;
  if (specifier.startsWith(".") || isAbsolute(specifier))
    throw new InvalidModuleError(`the module ${specifier} can't be loaded: there is no file ${path}`);
  const packaged = packageFile(specifier, directory);
  if (packaged === undefined)
    throw new InvalidModuleError(
      `the module ${specifier} can't be loaded: neither a file nor a package installed in ${directory}`,
    );
  return pathToFileURL(packaged).href;
}

const PackageJson = z.looseObject({ exports: z.unknown().optional(), main: z.string().optional() });

/** The file that `import` of a package loads, from the nearest node_modules above a folder. */
function packageFile(name: string, directory: string): string | undefined {
  for (let folder = resolve(directory); ; folder = join(folder, "..")) {
    const root = join(folder, "node_modules", name);
    const manifest = join(root, "package.json");
    if (existsSync(manifest)) {
      const { exports, main } = PackageJson.parse(JSON.parse(readFileSync(manifest, "utf8")));
      return join(root, entryOf(exports) ?? main ?? "index.js");
    }
    if (folder === join(folder, "..")) return undefined;
  }
}

/** The main entry of a package's `exports`, by the conditions of an import in Node. */
function entryOf(exports: unknown): string | undefined {
  if (typeof exports === "string") return exports;
  if (typeof exports !== "object" || exports === null) return undefined;
  const conditions = exports as Readonly<Record<string, unknown>>;
  if ("." in conditions) return entryOf(conditions["."]);
  for (const [condition, target] of Object.entries(conditions))
    if (["node", "import", "default"].includes(condition)) {
      const entry = entryOf(target);
      if (entry !== undefined) return entry;
    }
  return undefined;
}
