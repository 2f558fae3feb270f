import type { Command } from "commander";
import type { DeadLetter, DeadLetterDetail } from "../http/dead-letters/dead-letters.ts";
import {
  callServer,
  fetchItems,
  withServerOptions,
  ServerProblem,
  type ServerOptions,
} from "../terminal/server-client.ts";
import { colors, print, printJson, printTable, replaceUnprintable } from "../terminal/output.ts";

const LIST_MAX = 1_000;

interface FilterOptions extends ServerOptions {
  readonly code?: string;
  readonly topic?: string;
  readonly all?: boolean;
  readonly reason?: string;
}

export function addCommands(program: Command): void {
  const dlq = program.command("dlq").description("dead letters: messages that could not be processed");
  withFilterOptions(withServerOptions(dlq.command("list")))
    .description("newest first, without those that were retried")
    .option("--all", "also those that were retried", false)
    .action(list);
  withServerOptions(dlq.command("show"))
    .description("one dead letter, with the message as it came")
    .argument("<id>")
    .action(show);
  addAction(dlq, "retry", "publishes them to their topic again, byte for byte", (id) => [
    "POST",
    `${pathOf(id)}/retry`,
  ]);
  addAction(dlq, "drop", "deletes them; the journal and the dead letter topic keep their copies", (id) => [
    "DELETE",
    pathOf(id),
  ]);
}

type RequestOf = (id: string) => readonly [method: "POST" | "DELETE", path: string];

function addAction(dlq: Command, name: string, description: string, requestOf: RequestOf): void {
  withFilterOptions(withServerOptions(dlq.command(name)))
    .description(description)
    .argument("[ids...]")
    .option("--all", "all that were not retried yet", false)
    .option("--reason <text>", "why; it is stored with the decision")
    .action((ids: string[], options: FilterOptions, command: Command) => applyToEach(requestOf, ids, options, command));
}

const withFilterOptions = (command: Command): Command =>
  command.option("--code <code>", "only with this error code").option("--topic <topic>", "only of this topic");

async function list(options: FilterOptions): Promise<void> {
  const { items, more } = await findDeadLetters(options, options.all ? undefined : "false");
  if (options.json) return printJson(items);
  if (items.length === 0) return print("no dead letters");
  const rows = items.map(({ id, at, code, topic, partition, offset, key, retried_at, error }) => [
    ...[id, at.slice(0, 19), code, `${topic}[${partition}]@${offset}`, key?.slice(0, 40) ?? ""],
    retried_at === null ? error.slice(0, 100) : `retried ${retried_at.slice(0, 19)}`,
  ]);
  printTable(["ID", "AT", "CODE", "RECORD", "KEY", "ERROR"], rows);
  if (more) print(colors.dim("... and more: narrow the list with --code or --topic"));
}

const findDeadLetters = ({ url, code, topic }: FilterOptions, retried: string | undefined) =>
  fetchItems<DeadLetter>({ url }, "/api/v1/dead-letters", { code, topic, retried }, LIST_MAX);

const pathOf = (id: string): string => `/api/v1/dead-letters/${encodeURIComponent(id)}`;

async function show(id: string, options: ServerOptions): Promise<void> {
  const deadLetter = await callServer<DeadLetterDetail>(options, pathOf(id));
  if (options.json) return printJson(deadLetter);
  const { code, error, at, topic, partition, offset, key, value_bytes, retried_at, headers, value } = deadLetter;
  const lines = [
    `${code}: ${error}`,
    `${topic} partition ${partition} offset ${offset}, ${at}, key ${key ?? "none"}, ${value_bytes} bytes`,
    ...(retried_at === null ? [] : [`retried ${retried_at}`]),
    ...Object.entries(headers).map(([name, text]) => `${name}: ${text}`),
    "",
    ...(value ?? "(no value)").split("\n"),
  ];
  for (const line of lines) print(replaceUnprintable(line));
}

/** Continues after a refusal; then the exit code is 1. */
async function applyToEach(
  requestOf: RequestOf,
  ids: readonly string[],
  options: FilterOptions,
  command: Command,
): Promise<void> {
  const chosen = ids.length > 0 ? ids : await findAllMatching(options, command);
  const results: { id: string; ok: boolean; detail?: string }[] = [];
  for (const id of chosen)
    try {
      const [method, path] = requestOf(id);
      await callServer(options, path, { method, query: { reason: options.reason } });
      results.push({ id, ok: true });
    } catch (error) {
      if (!(error instanceof ServerProblem)) throw error;
      results.push({ id, ok: false, detail: error.message });
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
