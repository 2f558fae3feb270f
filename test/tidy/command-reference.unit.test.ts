import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { expect, it } from "vitest";
import type { ModuleCommand } from "../../app/host/module.ts";
import { filesIn, ROOT } from "./sources.ts";

/** The command and all below it that do something. */
const leavesOf = (command: Command): readonly Command[] =>
  command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf);

const nameOf = (command: Command): string =>
  command.parent?.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name();

function rowOf(command: Command): string {
  const args = command.registeredArguments.map((argument) => {
    const name = argument.name() + (argument.variadic ? "..." : "");
    return argument.required ? ` <${name}>` : ` [${name}]`;
  });
  const options = command.options.filter(({ hidden }) => !hidden).map(({ long }) => `\`${long}\``);
  return `| \`${nameOf(command)}${args.join("")}\` | ${command.description()} | ${options.join(" ")} |`;
}

it("docs/reference/command.md has the table that the commands make", async () => {
  const program = new Command("rollcall");
  const modules = ["flow-run", "node-registry", "registration"].map((name) => `app/modules/${name}/commands`);
  const folders = ["app/commands", ...modules];
  for (const { path, text } of folders.flatMap((folder) => filesIn(folder)))
    if (text.includes("addCommands")) await ((await import(join(ROOT, path))) as ModuleCommand).addCommands(program);
  const rows = leavesOf(program).map(rowOf).toSorted();
  const text = readFileSync(join(ROOT, "docs/reference/command.md"), "utf8");
  const table = text.split("a test holds both equal -->\n\n")[1]?.split("\n\n")[0]?.trimEnd();
  expect(table).toBe(["| command | what it does | options |", "| --- | --- | --- |", ...rows].join("\n"));
});
