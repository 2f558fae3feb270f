import type { Command } from "commander";
import type { DeadLetter, DeadLetterDetail } from "../http/dead-letters/dead-letters.ts";
import { callServer, fetchItems, ServerProblem } from "../terminal/server-client.ts";
import { domainPath, type ServerDomainOptions, withServerDomainOptions } from "../terminal/server-domains.ts";
import { colors, print, printJson, printTable, replaceUnprintable } from "../terminal/output.ts";

const LIST_MAX = 1_000;

interface FilterOptions extends ServerDomainOptions {
  readonly code?: string;
  readonly topic?: string;
  readonly all?: boolean;
  readonly reason?: string;
}

export function addCommands(program: Command): void {
  const dlq = program.command("dlq").description("dead letters: messages that could not be processed");
  withFilterOptions(withServerDomainOptions(dlq.command("list")))
    .description("newest first, without those that were retried")
    .option("--all", "also those that were retried", false)
    .action(list);
  withServerDomainOptions(dlq.command("show"))
    .description("one dead letter, with the message as it came")
    .argument("<id>", "as rollcall dlq list shows it")
    .action(show);
  addAction(dlq, "retry", "publishes them to their topic again, byte for byte", (path) => ["POST", `${path}/retry`]);
  addAction(dlq, "drop", "deletes them; the journal and the dead letter topic keep their copies", (path) => [
    "DELETE",
    path,
  ]);
}

type RequestOf = (path: string) => readonly [method: "POST" | "DELETE", path: string];

function addAction(dlq: Command, name: string, description: string, requestOf: RequestOf): void {
  withFilterOptions(withServerDomainOptions(dlq.command(name)))
    .description(description)
    .argument("[ids...]", "as rollcall dlq list shows them; without any, --code, --topic or --all chooses")
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

async function findDeadLetters(options: FilterOptions, retried: string | undefined) {
  const { code, topic } = options;
  const path = await domainPath(options, "/dead-letters");
  return fetchItems<DeadLetter>(options, path, { code, topic, retried }, LIST_MAX);
}

async function show(id: string, options: ServerDomainOptions): Promise<void> {
  const deadLetter = await callServer<DeadLetterDetail>(
    options,
    await domainPath(options, `/dead-letters/${encodeURIComponent(id)}`),
  );
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
  const base = await domainPath(options, "/dead-letters");
  const results: { id: string; ok: boolean; detail?: string }[] = [];
  for (const id of chosen)
    try {
      const [method, path] = requestOf(`${base}/${encodeURIComponent(id)}`);
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
