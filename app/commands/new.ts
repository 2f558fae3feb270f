import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Command, InvalidArgumentError } from "commander";
import { print } from "../terminal/output.ts";
import { VERSION } from "../version.ts";

/** Modules that run as they stand, of the domain `items`. The smaller one shares what it does not have itself. */
const TEMPLATE = fileURLToPath(new URL("../template/", import.meta.url));
const MINIMAL_TEMPLATE = fileURLToPath(new URL("../template-minimal/", import.meta.url));
const SHARED_FILES = ["package.json", "rollcall.config.json"];
const TEMPLATE_NAME = /\bitems\b/g;

export function addCommands(program: Command): void {
  program
    .command("new")
    .description("writes a module with a domain of its own: contracts, shapes, functions and a test, ready to run")
    .argument("<name>", "of the module and its domain: 1 to 41 of a-z 0-9 _, beginning with a letter", parseName)
    .argument("[dir]", "folder to write to; made if missing, else it must be empty (default: the name)")
    .option("--minimal", "only a contract and the shapes of two messages: all else has its default", false)
    .addHelpText("after", "\nThen: npm install && npm test && npm start, in that folder. There is nothing to build.")
    .action((name: string, dir: string = name, { minimal }: { readonly minimal: boolean }) =>
      writeModule(name, dir, minimal ? minimalFiles() : filesIn(TEMPLATE)),
    );
}

function parseName(name: string): string {
  if (name === "rollcall") throw new InvalidArgumentError("this package has that name");
  if (/^[a-z][a-z0-9_]{0,40}$/.test(name)) return name;
  const near = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_")
    .replaceAll(/^[^a-z]+|_+$/g, "")
    .slice(0, 41);
  const remedy = near === "" ? "" : `, such as ${near}`;
  throw new InvalidArgumentError(`a name is 1 to 41 of a-z 0-9 _, beginning with a letter${remedy}`);
}

/** @throws Error for a folder that has files, of which none is changed */
function writeModule(name: string, dir: string, files: readonly TemplateFile[]): void {
  if (existsSync(dir)) {
    if (!statSync(dir).isDirectory()) throw new Error(`${dir} is a file: name a folder, rollcall new ${name} <dir>`);
    const [held] = readdirSync(dir);
    if (held !== undefined)
      throw new Error(`${dir} is not empty, it has ${held}: name another folder, rollcall new ${name} <dir>`);
  }
  mkdirSync(dir, { recursive: true });
  for (const { folder, file } of files) {
    const text = readFileSync(join(folder, file), "utf8").replaceAll(TEMPLATE_NAME, name);
    mkdirSync(join(dir, file, ".."), { recursive: true });
    writeFileSync(
      join(dir, file),
      file === "package.json" ? text.replace('"*"', JSON.stringify(dependencyFor(dir))) : text,
    );
  }
  // npm packs no file of this name.
  writeFileSync(join(dir, ".gitignore"), "node_modules/\n.rollcall/\n");
  print(`${dir}: the module ${name}. There: npm install && npm test && npm start`);
}

interface TemplateFile {
  readonly folder: string;
  /** Relative to it. */
  readonly file: string;
}

const filesIn = (folder: string): TemplateFile[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => ({ folder, file: relative(folder, join(parentPath, name)) }));

const minimalFiles = (): readonly TemplateFile[] => [
  ...filesIn(MINIMAL_TEMPLATE),
  ...SHARED_FILES.map((file) => ({ folder: TEMPLATE, file })),
];

/** What a module in a folder depends on: this version, or, where it came from no registry, the file that has it. */
function dependencyFor(dir: string): string {
  const root = join(createRequire(import.meta.url).resolve("rollcall/package.json"), "..");
  const origin = basename(join(root, "..")) === "node_modules" ? installedFile(root) : root;
  return origin === undefined ? VERSION : `file:${relative(realpathSync(dir), origin)}`;
}

/** The file that npm installed this package from; undefined for one from a registry. */
function installedFile(root: string): string | undefined {
  const list = join(root, "../.package-lock.json");
  if (!existsSync(list)) return undefined;
  const { packages } = JSON.parse(readFileSync(list, "utf8")) as {
    readonly packages?: Readonly<Record<string, { readonly resolved?: string }>>;
  };
  const resolved = packages?.["node_modules/rollcall"]?.resolved;
  return resolved?.startsWith("file:") ? resolve(root, "../..", resolved.slice("file:".length)) : undefined;
}
