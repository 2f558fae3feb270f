import { type Command, Option } from "commander";
import { EventStream } from "../../client/event-stream.ts";
import { REGISTRATION_EVENT_TYPES, type RegistrationEvent, type RegistrationEventType } from "../../client/events.ts";
import { NODE_TYPES } from "../../contracts/registration/messages/fields.ts";
import type {
  RegistrationExplanation as Explanation,
  RegistrationTimelineItem as TimelineItem,
  RegistrationView,
} from "../modules/registration/registration-view.ts";
import { clientToken } from "../host/config.ts";
import { formatAge, formatDuration } from "../http/server/text-format.ts";
import { interruption } from "../terminal/interrupt.ts";
import { parseCount } from "../terminal/option-values.ts";
import { callServer, fetchItems, withServerOptions, type ServerOptions } from "../terminal/server-client.ts";
import {
  colors,
  escapedJson,
  paintState,
  print,
  printJson,
  printTable,
  replaceUnprintable,
} from "../terminal/output.ts";

const LIST_MAX = 1_000;
const SHOWN_ITEMS = 20;

interface ListOptions extends ServerOptions {
  readonly state?: string;
  readonly reducerState?: string;
  readonly type?: string;
  readonly capability?: string;
  readonly query?: string;
  readonly limit: number;
}

export function addCommands(program: Command): void {
  const nodes = program.command("nodes").description("the nodes of a running system");
  withServerOptions(nodes.command("list"))
    .description("every node with its state")
    .option("--state <state>", "only nodes in this state")
    .option("--reducer-state <state>", "only nodes whose reducer is in this state")
    .addOption(new Option("--type <type>", "only nodes of this type").choices(NODE_TYPES))
    .option("--capability <name>", "only nodes with this capability")
    .option("--query <text>", "only nodes with this text in their id or name")
    .option("--limit <count>", "maximum number of nodes", parseCount, LIST_MAX)
    .action(list);
  withServerOptions(nodes.command("show"))
    .description("one node, and the end of its timeline")
    .argument("<node-id>")
    .action(show);
  withServerOptions(nodes.command("watch"))
    .description("events as they are published, until interrupted; with --json a line each")
    .argument("[node-id]", "only of this node")
    .addOption(new Option("--type <types...>", "only events of these types").choices(REGISTRATION_EVENT_TYPES))
    .action(watch);
  withServerOptions(program.command("explain"))
    .description(
      "why a node is in its state, what it is waiting for and what can change it; exits 1 for an unknown node",
    )
    .argument("<node-id>")
    .action(explain);
}

async function list(options: ListOptions): Promise<void> {
  const { state, reducerState: reducer_state, type: node_type, capability, query: q, limit } = options;
  const filter = { state, reducer_state, node_type, capability, q };
  const { items, more } = await fetchItems<RegistrationView>(options, "/api/v1/registrations", filter, limit);
  if (options.json) return printJson(items);
  if (items.length === 0) return print("no nodes");
  const now = Date.now();
  const rows = items.map((each) => [
    each.node_id,
    each.node?.node_type ?? "",
    each.state ?? "",
    formatAge(each.state_since, now),
    String(each.attempt),
    deadlineText(each, now),
    each.node?.node_version ?? "",
    Object.values(each.node?.endpoints ?? {})[0] ?? "",
  ]);
  const head = ["NODE", "TYPE", "STATE", "SINCE", "ATTEMPT", "DEADLINE", "VERSION", "ENDPOINT"];
  printTable(head, rows, (cell, column) => (column === 2 ? paintState(cell) : cell));
  if (more) print(colors.dim(`... and more: --limit ${limit * 10}, or narrow the list with --state, --type, --query`));
}

const deadlineText = ({ deadlines }: RegistrationView, nowMs: number): string =>
  Object.entries(deadlines)
    .map(([name, { at }]) => {
      const leftMs = Date.parse(at) - nowMs;
      return leftMs > 0 ? `${name} in ${formatDuration(leftMs)}` : `${name} overdue`;
    })
    .join(", ");

async function show(nodeId: string, options: ServerOptions): Promise<void> {
  const path = `/api/v1/registrations/${encodeURIComponent(nodeId)}`;
  const registration = await callServer<RegistrationView>(options, path);
  const { items } = await callServer<{ items: TimelineItem[] }>(options, `${path}/timeline`, {
    query: { order: "newest", limit: String(SHOWN_ITEMS) },
  });
  if (options.json) return printJson({ ...registration, timeline: items });
  const { node, state, state_since, reducer_state, attempt, registration_attempt_id, entity_seq, failures } =
    registration;
  const endpoints = Object.entries(node?.endpoints ?? {}).map(([name, url]) => `${name} ${url}`);
  const facts = [
    ["state", `${state ?? ""} since ${state_since} (reducer ${reducer_state})`],
    ["attempt", `${attempt} (${registration_attempt_id ?? "none"}), ${entity_seq} events published`],
    ["deadline", deadlineText(registration, Date.now()) || "none"],
    ["type", `${node?.node_type ?? ""} ${node?.node_version ?? ""} ${node?.node_name ?? ""}`],
    ["endpoints", endpoints.join(", ") || "none"],
    ["capabilities", node?.capabilities.join(", ") || "none"],
    ...failures.map(({ backend, error_code, message }) => ["failed", `${backend}: ${error_code} ${message}`] as const),
  ] as const;
  print(colors.bold(replaceUnprintable(nodeId)));
  for (const [name, value] of facts) print(`  ${colors.dim(name.padEnd(13))}${replaceUnprintable(value)}`);
  print("");
  for (const item of items) {
    print(timelineLine(item));
    for (const tried of item.tries) print(tryLine(tried));
  }
}

function timelineLine({ at, kind, type, reason, note, state, topic }: TimelineItem): string {
  const time = colors.dim(at.slice(11, 23));
  if (kind === "event")
    return (
      `${time}  ${colors.cyan("->")} ${replaceUnprintable(type ?? "")} ` +
      `${colors.dim(`on ${replaceUnprintable(topic ?? "")}`)}`
    );
  const explanation = [note, reason].filter((text) => text !== null).join("; ");
  const where = state === null ? "" : ` [${paintState(state)}]`;
  return (
    `${time}  ${replaceUnprintable(type ?? kind)}${kind === "message" ? "" : ` (${kind})`}${where} ` +
    `${replaceUnprintable(explanation)}`
  );
}

function tryLine({ at, ms, code, error }: TimelineItem["tries"][number]): string {
  const result = code === undefined ? "done" : colors.red(replaceUnprintable(`${code} ${error ?? ""}`));
  return `${colors.dim(at.slice(11, 23))}     tried: ${result} ${colors.dim(`after ${ms} ms`)}`;
}

async function watch(
  nodeId: string | undefined,
  options: ServerOptions & { readonly type?: readonly RegistrationEventType[] },
): Promise<void> {
  await callServer(options, "/health/live");
  const stream = new EventStream({
    url: options.url,
    token: clientToken(process.env),
    filter: { types: options.type ?? [], ...(nodeId !== undefined && { nodeId }) },
    log: (_level, message) => void process.stderr.write(`${message}\n`),
    onEvent: (event) => print(options.json ? escapedJson(event) : eventLine(event)),
  });
  const interrupted = interruption();
  await Promise.race([stream.open().then(() => interrupted), interrupted]);
  stream.close();
}

function eventLine({ type, payload }: RegistrationEvent): string {
  const { node_id, attempt, entity_seq, emitted_at } = payload;
  return (
    `${colors.dim(emitted_at.slice(11, 23))}  ${replaceUnprintable(node_id)}  ${type}  ` +
    `${colors.dim(`attempt ${attempt}, event ${entity_seq}`)}`
  );
}

async function explain(nodeId: string, options: ServerOptions): Promise<void> {
  const path = `/api/v1/registrations/${encodeURIComponent(nodeId)}/explanation`;
  const explanation = await callServer<Explanation>(options, path);
  if (options.json) printJson(explanation);
  else print(replaceUnprintable(explanation.text));
  if (!explanation.known) process.exitCode = 1;
}
