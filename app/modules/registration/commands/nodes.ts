import { type Command, Option } from "commander";
import { EventStream, registrationEvents } from "../../../../client/event-stream.ts";
import {
  REGISTRATION_EVENT_TYPES,
  type RegistrationEvent,
  type RegistrationEventType,
} from "../../../../client/events.ts";
import { NODE_TYPES } from "../../../../contracts/registration/messages/fields.ts";
import type { RegistrationTimelineItem, RegistrationView } from "../registration-view.ts";
import { clientToken } from "../../../host/config.ts";
import { formatAge } from "../../../http/server/text-format.ts";
import { deadlinesText, timelineText, timeOfDay } from "../../../terminal/entity-text.ts";
import { interruption } from "../../../terminal/interrupt.ts";
import { parseCount } from "../../../terminal/option-values.ts";
import { callServer, fetchItems, withServerOptions, type ServerOptions } from "../../../terminal/server-client.ts";
import { colors, escapedJson, print, printJson, printTable, replaceUnprintable } from "../../../terminal/output.ts";
import { paintState } from "../paint-state.ts";

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
    deadlinesText(each.deadlines, now),
    each.node?.node_version ?? "",
    Object.values(each.node?.endpoints ?? {})[0] ?? "",
  ]);
  const head = ["NODE", "TYPE", "STATE", "SINCE", "ATTEMPT", "DEADLINE", "VERSION", "ENDPOINT"];
  printTable(head, rows, (cell, column) => (column === 2 ? paintState(cell) : cell));
  if (more) print(colors.dim(`... and more: --limit ${limit * 10}, or narrow the list with --state, --type, --query`));
}

async function show(nodeId: string, options: ServerOptions): Promise<void> {
  const path = `/api/v1/registrations/${encodeURIComponent(nodeId)}`;
  const registration = await callServer<RegistrationView>(options, path);
  const { items } = await callServer<{ items: RegistrationTimelineItem[] }>(options, `${path}/timeline`, {
    query: { limit: String(SHOWN_ITEMS) },
  });
  if (options.json) return printJson({ ...registration, timeline: items });
  const { node, state, state_since, reducer_state, attempt, registration_attempt_id, entity_seq, failures } =
    registration;
  const endpoints = Object.entries(node?.endpoints ?? {}).map(([name, url]) => `${name} ${url}`);
  const facts = [
    ["state", `${state ?? ""} since ${state_since} (reducer ${reducer_state})`],
    ["attempt", `${attempt} (${registration_attempt_id ?? "none"}), ${entity_seq} events published`],
    ["deadline", deadlinesText(registration.deadlines, Date.now()) || "none"],
    ["type", `${node?.node_type ?? ""} ${node?.node_version ?? ""} ${node?.node_name ?? ""}`],
    ["endpoints", endpoints.join(", ") || "none"],
    ["capabilities", node?.capabilities.join(", ") || "none"],
    ...failures.map(({ backend, error_code, message }) => ["failed", `${backend}: ${error_code} ${message}`] as const),
  ] as const;
  print(colors.bold(replaceUnprintable(nodeId)));
  for (const [name, value] of facts) print(`  ${colors.dim(name.padEnd(13))}${replaceUnprintable(value)}`);
  print("");
  for (const item of items) print(timelineText(item, paintState));
}

async function watch(
  nodeId: string | undefined,
  options: ServerOptions & { readonly type?: readonly RegistrationEventType[] },
): Promise<void> {
  await callServer(options, "/health/live");
  const stream = new EventStream({
    url: options.url,
    token: clientToken(process.env),
    log: (_level, message) => void process.stderr.write(`${message}\n`),
    ...registrationEvents({ types: options.type ?? [], ...(nodeId !== undefined && { nodeId }) }, (event) =>
      print(options.json ? escapedJson(event) : eventLine(event)),
    ),
  });
  const interrupted = interruption();
  await Promise.race([stream.open().then(() => interrupted), interrupted]);
  stream.close();
}

function eventLine({ type, payload }: RegistrationEvent): string {
  const { node_id, attempt, entity_seq, emitted_at } = payload;
  return (
    `${timeOfDay(emitted_at)}  ${replaceUnprintable(node_id)}  ${type}  ` +
    `${colors.dim(`attempt ${attempt}, event ${entity_seq}`)}`
  );
}
