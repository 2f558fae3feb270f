import { type Command, Option } from "commander";
import type { DeadLetter, DeadLetterDetail } from "../http/dead-letters/dead-letters.ts";
import {
  callServer,
  fetchAllPages,
  withServerOptions,
  ServerProblem,
  type ServerOptions,
} from "../terminal/server-client.ts";
import { colorsOf, print, replaceUnprintable, printJson, formatTable } from "../terminal/output.ts";

const LIST_MAX = 1_000;

interface FilterOptions extends ServerOptions {
  readonly code?: string;
  readonly topic?: string;
  readonly all?: boolean;
  readonly reason?: string;
}

export function addDlqCommands(program: Command): void {
  const dlq = program.command("dlq").description("dead letters: messages that could not be processed");
  withFilterOptions(withServerOptions(dlq.command("list")))
    .description("newest first, without those that were retried")
    .option("--all", "also those that were retried", false)
    .action(list);
  withServerOptions(dlq.command("show"))
    .description("one dead letter, with the message as it came")
    .argument("<id>")
    .action(show);
  withFilterOptions(withServerOptions(dlq.command("retry")))
    .description("publishes them to their topic again, byte for byte")
    .argument("[ids...]")
    .addOption(new Option("--all", "all that were not retried yet").default(false))
    .option("--reason <text>", "why; it is stored with the decision")
    .action((ids: string[], options: FilterOptions, command: Command) => applyToEach(ids, options, command, retry));
  withFilterOptions(withServerOptions(dlq.command("drop")))
    .description("deletes them; the journal and the dead letter topic keep their copies")
    .argument("[ids...]")
    .addOption(new Option("--all", "all that were not retried yet").default(false))
    .option("--reason <text>", "why; it is stored with the decision")
    .action((ids: string[], options: FilterOptions, command: Command) => applyToEach(ids, options, command, drop));
}

const withFilterOptions = (command: Command): Command =>
  command.option("--code <code>", "only with this error code").option("--topic <topic>", "only of this topic");

async function list(options: FilterOptions): Promise<void> {
  const { items, more } = await findDeadLetters(options, options.all ? undefined : "false");
  if (options.json) return printJson(items);
  if (items.length === 0) return print("no dead letters");
  const colors = colorsOf(process.stdout);
  const rows = items.map(({ id, at, code, topic, partition, offset, key, retried_at, error }) => [
    ...[id, at.slice(0, 19), code, `${topic}[${partition}]@${offset}`, key?.slice(0, 40) ?? ""],
    retried_at === null ? error.slice(0, 100) : `retried ${retried_at.slice(0, 19)}`,
  ]);
  print(formatTable(["ID", "AT", "CODE", "RECORD", "KEY", "ERROR"], rows, colors));
  if (more) print(colors.dim("... and more: narrow the list with --code or --topic"));
}

const findDeadLetters = ({ url, code, topic }: FilterOptions, retried: string | undefined) =>
  fetchAllPages<DeadLetter>({ url }, "/api/v1/dead-letters", { code, topic, retried }, LIST_MAX);

const pathOf = (id: string): string => `/api/v1/dead-letters/${encodeURIComponent(id)}`;

async function show(id: string, options: ServerOptions): Promise<void> {
  const deadLetter = await callServer<DeadLetterDetail>(options, pathOf(id));
  if (options.json) return printJson(deadLetter);
  const { code, error, at, topic, partition, offset, key, value_bytes, retried_at, headers, value } = deadLetter;
  print(replaceUnprintable(`${code}: ${error}`));
  print(
    replaceUnprintable(
      `${topic} partition ${partition} offset ${offset}, ${at}, key ${key ?? "none"}, ${value_bytes} bytes`,
    ),
  );
  if (retried_at !== null) print(`retried ${retried_at}`);
  for (const [name, text] of Object.entries(headers)) print(replaceUnprintable(`${name}: ${text}`));
  print("");
  for (const line of (value ?? "(no value)").split("\n")) print(replaceUnprintable(line));
}

const retry = ({ reason, ...server }: FilterOptions, id: string) =>
  callServer(server, `${pathOf(id)}/retry`, { method: "POST", query: { reason } });
const drop = ({ reason, ...server }: FilterOptions, id: string) =>
  callServer(server, pathOf(id), { method: "DELETE", query: { reason } });

/** Continues after a refusal; then the exit code is 1. */
async function applyToEach(
  ids: readonly string[],
  options: FilterOptions,
  command: Command,
  act: (options: FilterOptions, id: string) => Promise<unknown>,
): Promise<void> {
  const chosen = ids.length > 0 ? ids : await findAllMatching(options, command);
  const results: { id: string; ok: boolean; detail?: string }[] = [];
  for (const id of chosen) {
    try {
      await act(options, id);
      results.push({ id, ok: true });
    } catch (error) {
      if (!(error instanceof ServerProblem)) throw error;
      results.push({ id, ok: false, detail: error.message });
    }
  }
  if (options.json) printJson(results);
  else for (const { id, ok, detail } of results) print(ok ? `${id} done` : `${id} refused: ${detail}`);
  if (results.some(({ ok }) => !ok)) process.exitCode = 1;
}

async function findAllMatching(options: FilterOptions, command: Command): Promise<string[]> {
  if (!options.all && options.code === undefined && options.topic === undefined)
    command.error("error: name the dead letters: ids, --code, --topic, or --all");
  return (await findDeadLetters(options, "false")).items.map(({ id }) => id);
}
