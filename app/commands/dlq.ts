import { type Command, Option } from "commander";
import type { DeadLetter, WholeDeadLetter } from "../http/dead-letters/dead-letter-queries.ts";
import { ask, askAll, asksServer, ServerRefusal, type ServerOptions } from "../terminal/server-client.ts";
import { colorsOf, print, printable, printJson, table } from "../terminal/output.ts";

const LIST_MAX = 1_000;

interface SelectOptions extends ServerOptions {
  readonly code?: string;
  readonly topic?: string;
  readonly all?: boolean;
  readonly reason?: string;
}

export function addDlqCommands(program: Command): void {
  const dlq = program.command("dlq").description("messages that could not be taken: the dead letters");
  selects(asksServer(dlq.command("list")))
    .description("newest first; those that were retried only with --all")
    .option("--all", "those that were retried as well", false)
    .action(list);
  asksServer(dlq.command("show")).description("one of them, with its bytes").argument("<id>").action(show);
  selects(asksServer(dlq.command("retry")))
    .description("publishes them to their topic again, byte for byte")
    .argument("[ids...]")
    .addOption(new Option("--all", "every one that was not retried yet").default(false))
    .option("--reason <text>", "why, for those who ask later")
    .action((ids: string[], options: SelectOptions, command: Command) => onEach(ids, options, command, retry));
  selects(asksServer(dlq.command("drop")))
    .description("forgets them; the journal and the dead letter topic keep theirs")
    .argument("[ids...]")
    .addOption(new Option("--all", "every one that was not retried yet").default(false))
    .option("--reason <text>", "why, for those who ask later")
    .action((ids: string[], options: SelectOptions, command: Command) => onEach(ids, options, command, drop));
}

const selects = (command: Command): Command =>
  command.option("--code <code>", "only with this error code").option("--topic <topic>", "only of this topic");

async function list(options: SelectOptions): Promise<void> {
  const { items, more } = await found(options, options.all ? undefined : "false");
  if (options.json) return printJson(items);
  if (items.length === 0) return print("no dead letters");
  const colors = colorsOf(process.stdout);
  const rows = items.map(({ id, at, code, topic, partition, offset, key, retried_at, error }) => [
    ...[id, at.slice(0, 19), code, `${topic}[${partition}]@${offset}`, key?.slice(0, 40) ?? ""],
    retried_at === null ? error.slice(0, 100) : `retried ${retried_at.slice(0, 19)}`,
  ]);
  print(table(["ID", "AT", "CODE", "PLACE", "KEY", "ERROR"], rows, colors));
  if (more) print(colors.dim("... and more: narrow it with --code or --topic"));
}

const found = ({ url, code, topic }: SelectOptions, retried: string | undefined) =>
  askAll<DeadLetter>({ url }, "/api/v1/dead-letters", { code, topic, retried }, LIST_MAX);

const pathOf = (id: string): string => `/api/v1/dead-letters/${encodeURIComponent(id)}`;

async function show(id: string, options: ServerOptions): Promise<void> {
  const letter = await ask<WholeDeadLetter>(options, pathOf(id));
  if (options.json) return printJson(letter);
  const { code, error, at, topic, partition, offset, key, value_bytes, retried_at, headers, value } = letter;
  print(printable(`${code}: ${error}`));
  print(
    printable(`${topic} partition ${partition} offset ${offset}, ${at}, key ${key ?? "none"}, ${value_bytes} bytes`),
  );
  if (retried_at !== null) print(`retried ${retried_at}`);
  for (const [name, text] of Object.entries(headers)) print(printable(`${name}: ${text}`));
  print("");
  for (const line of (value ?? "(no value)").split("\n")) print(printable(line));
}

const retry = ({ reason, ...server }: SelectOptions, id: string) =>
  ask(server, `${pathOf(id)}/retry`, { method: "POST", query: { reason } });
const drop = ({ reason, ...server }: SelectOptions, id: string) =>
  ask(server, pathOf(id), { method: "DELETE", query: { reason } });

/** Goes on behind one that is refused, and says so at the end. */
async function onEach(
  ids: readonly string[],
  options: SelectOptions,
  command: Command,
  act: (options: SelectOptions, id: string) => Promise<unknown>,
): Promise<void> {
  const chosen = ids.length > 0 ? ids : await everyOne(options, command);
  const results: { id: string; ok: boolean; detail?: string }[] = [];
  for (const id of chosen) {
    try {
      await act(options, id);
      results.push({ id, ok: true });
    } catch (error) {
      if (!(error instanceof ServerRefusal)) throw error;
      results.push({ id, ok: false, detail: error.message });
    }
  }
  if (options.json) printJson(results);
  else for (const { id, ok, detail } of results) print(ok ? `${id} done` : `${id} refused: ${detail}`);
  if (results.some(({ ok }) => !ok)) process.exitCode = 1;
}

async function everyOne(options: SelectOptions, command: Command): Promise<string[]> {
  if (!options.all && options.code === undefined && options.topic === undefined)
    command.error("error: which ones? give ids, --code, --topic, or --all");
  return (await found(options, "false")).items.map(({ id }) => id);
}
