import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { defineModule, type Module, type ModuleCode } from "../../app/host/module.ts";
import { toyCode, toyFolder } from "../contract/toy-domain.ts";

/** The toy domain of orders under another name and with topics of its own, in a folder of its own. */
export function toyModule(name: string, folder: string, effects: ModuleCode["effects"] = {}): Module {
  const contracts = join(folder, name);
  mkdirSync(contracts, { recursive: true });
  cpSync(toyFolder, contracts, { recursive: true });
  for (const file of readdirSync(contracts)) {
    const path = join(contracts, file);
    const text = readFileSync(path, "utf8").replaceAll("domain: orders", `domain: ${name}`);
    writeFileSync(path, text.replaceAll("{namespace}.shop.", `{namespace}.${name}.`));
  }
  const { domain: _, ...code } = toyCode;
  const all = { ...code, effects: { ...code.effects, ...effects } };
  return defineModule({
    api: 1,
    name,
    domains: [{ name, contracts: pathToFileURL(`${contracts}/`), code: () => all }],
  });
}
