import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type Command, InvalidArgumentError } from "commander";
import { print } from "../terminal/output.ts";
import { VERSION } from "../version.ts";

/** A module that runs as it stands, of the domain `items`. */
const TEMPLATE = fileURLToPath(new URL("../template/", import.meta.url));
const TEMPLATE_NAME = /\bitems\b/g;

export function addCommands(program: Command): void {
  program
    .command("new")
    .description("writes a module with a domain of its own: contracts, shapes, functions and a test, ready to run")
    .argument("<name>", "of the module and its domain: 1 to 41 of a-z 0-9 _, beginning with a letter", parseName)
    .argument("[dir]", "folder to write to; made if missing, else it must be empty (default: the name)")
    .addHelpText("after", "\nThen: npm install && npm test && npm start, in that folder. There is nothing to build.")
    .action((name: string, dir: string = name) => writeModule(name, dir));
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
function writeModule(name: string, dir: string): void {
  if (existsSync(dir)) {
    if (!statSync(dir).isDirectory()) throw new Error(`${dir} is a file: name a folder, rollcall new ${name} <dir>`);
    const [held] = readdirSync(dir);
    if (held !== undefined)
      throw new Error(`${dir} is not empty, it has ${held}: name another folder, rollcall new ${name} <dir>`);
  }
  mkdirSync(dir, { recursive: true });
  for (const file of templateFiles()) {
    const text = readFileSync(join(TEMPLATE, file), "utf8").replaceAll(TEMPLATE_NAME, name);
    mkdirSync(join(dir, file, ".."), { recursive: true });
    writeFileSync(join(dir, file), file === "package.json" ? text.replace('"*"', JSON.stringify(VERSION)) : text);
  }
  print(`${dir}: the module ${name}. There: npm install && npm test && npm start`);
}

const templateFiles = (): readonly string[] =>
  readdirSync(TEMPLATE, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(TEMPLATE, join(parentPath, name)));
