import type { Command } from "commander";
import { EventStream } from "../../client/event-stream.ts";
import { clientToken } from "../host/config.ts";
import type { EntityView } from "../http/entities/entity-view.ts";
import type { Explanation } from "../http/entities/explanation.ts";
import type { Timeline } from "../http/entities/timeline.ts";
import { formatAge } from "../http/server/text-format.ts";
import { deadlinesText, timelineText, timeOfDay } from "../terminal/entity-text.ts";
import { interruption } from "../terminal/interrupt.ts";
import { parseCount } from "../terminal/option-values.ts";
import { colors, escapedJson, print, printJson, printTable, replaceUnprintable } from "../terminal/output.ts";
import { callServer, fetchItems, ServerProblem } from "../terminal/server-client.ts";
import {
  domainPath,
  pathOfDomain,
  type ServerDomainOptions,
  wantedDomains,
  withServerDomainOptions,
} from "../terminal/server-domains.ts";

const LIST_MAX = 1_000;
const SHOWN_ITEMS = 20;

interface ListOptions extends ServerDomainOptions {
  readonly state?: string;
  readonly reducerState?: string;
  readonly query?: string;
  readonly limit: number;
}

export function addCommands(program: Command): void {
  const entities = program.command("entities").description("the entities of a domain of a running system");
  withServerDomainOptions(entities.command("list"))
    .description("every entity with its state")
    .option("--state <state>", "only entities in this state")
    .option("--reducer-state <state>", "only entities whose reducer is in this state")
    .option("--query <text>", "only entities with this text in their id")
    .option("--limit <count>", "maximum number of entities", parseCount, LIST_MAX)
    .action(list);
  withServerDomainOptions(entities.command("show"))
    .description("one entity with its data, and the end of its timeline")
    .argument("<id>", "of the entity: what its messages have in the contract's entity_id field")
    .action(show);
  withServerDomainOptions(entities.command("watch"))
    .description("events as they are published, until interrupted; with --json a line each")
    .argument("[id]", "only of this entity")
    .option("--type <types...>", "only events of these types")
    .action(watch);
  withServerDomainOptions(entities.command("purge"))
    .description("purges an entity that has ended, before its time; in a state with `retain` only")
    .argument("<id>", "of the entity")
    .requiredOption("--reason <text>", "why; it is stored with the decision")
    .action(purge);
  withServerDomainOptions(program.command("explain"))
    .description(
      "why an entity is in its state, what it is waiting for and what can change it; exits 1 for an unknown one, 2 " +
        "when several domains have it",
    )
    .argument("<[domain/]id>", "of the entity; with its domain where several have that id: parcels/p-1")
    .action(explain);
}

async function list(options: ListOptions): Promise<void> {
  const { state, reducerState: reducer_state, query: q, limit } = options;
  const path = await domainPath(options, "/entities");
  const { items, more } = await fetchItems<EntityView>(options, path, { state, reducer_state, q }, limit);
  if (options.json) return printJson(items);
  if (items.length === 0) return print("no entities");
  const now = Date.now();
  const rows = items.map((each) => [
    ...[each.id, each.state ?? "", formatAge(each.state_since, now), each.reducer_state, String(each.attempt)],
    deadlinesText(each.deadlines, now),
  ]);
  printTable(["ENTITY", "STATE", "SINCE", "REDUCER", "ATTEMPT", "DEADLINE"], rows);
  if (more) print(colors.dim(`... and more: --limit ${limit * 10}, or narrow the list with --state, --query`));
}

async function show(id: string, options: ServerDomainOptions): Promise<void> {
  const path = await domainPath(options, `/entities/${encodeURIComponent(id)}`);
  const entity = await callServer<EntityView>(options, path);
  const { items, dropped_on } = await callServer<Timeline>(options, `${path}/timeline`, {
    query: { limit: String(SHOWN_ITEMS) },
  });
  if (options.json) return printJson({ ...entity, timeline: items });
  const facts = [
    ["state", `${entity.state ?? "none"} since ${entity.state_since} (reducer ${entity.reducer_state})`],
    ["attempt", `${entity.attempt} (${entity.attempt_id ?? "none"}), ${entity.seq} events`],
    ["last seen", entity.last_seen ?? "never"],
    ["deadline", deadlinesText(entity.deadlines, Date.now()) || "none"],
  ] as const;
  print(colors.bold(replaceUnprintable(id)));
  for (const [name, value] of facts) print(`  ${colors.dim(name.padEnd(10))}${replaceUnprintable(value)}`);
  print(escapedJson(entity.data, 2));
  print("");
  if (dropped_on !== null) print(colors.dim(`what is older was dropped from the journal with ${dropped_on}`));
  for (const item of items) print(timelineText(item));
}

const PURGE_WAIT_MS = 10_000;
const PURGE_POLL_MS = 250;

/** Waits for it: exits 1 when the entity is still there after that. */
async function purge(id: string, options: ServerDomainOptions & { readonly reason: string }): Promise<void> {
  const path = await domainPath(options, `/entities/${encodeURIComponent(id)}`);
  await callServer(options, `${path}/purge`, { method: "POST", body: { reason: options.reason } });
  const untilMs = Date.now() + PURGE_WAIT_MS;
  let isPurged = false;
  while (!isPurged && Date.now() < untilMs) {
    await new Promise((resolve) => setTimeout(resolve, PURGE_POLL_MS));
    isPurged = await callServer(options, path).then(
      () => false,
      (error: unknown) => {
        if (error instanceof ServerProblem && error.code === "ENTITY_PURGED") return true;
        throw error;
      },
    );
  }
  const waits = "waits: something of it is unpublished or pending, or a hold is in force (rollcall hold list)";
  if (options.json) printJson({ id, purged: isPurged });
  else print(replaceUnprintable(`${id} ${isPurged ? "is purged" : waits}`));
  if (!isPurged) process.exitCode = 1;
}

async function watch(
  id: string | undefined,
  options: ServerDomainOptions & { readonly type?: readonly string[] },
): Promise<void> {
  const query = new URLSearchParams((options.type ?? []).map((type): [string, string] => ["type", type]));
  if (id !== undefined) query.set("entity_id", id);
  const stream = new EventStream({
    url: options.url,
    token: clientToken(process.env),
    path: await domainPath(options, `/events/stream?${query.toString()}`),
    log: (_level, message) => void process.stderr.write(`${message}\n`),
    onEnvelope: (json) => {
      const event = JSON.parse(json) as PublishedEvent;
      print(options.json ? escapedJson(event) : eventText(event));
    },
  });
  const interrupted = interruption();
  await Promise.race([stream.open().then(() => interrupted), interrupted]);
  stream.close();
}

/** What each event's envelope has, whatever its domain. */
interface PublishedEvent {
  readonly envelope_timestamp: string;
  readonly payload_type: string;
  readonly payload: { readonly entity_id: string; readonly attempt: number; readonly entity_seq: number };
}

function eventText({ envelope_timestamp: at, payload_type: type, payload }: PublishedEvent): string {
  const { entity_id, attempt, entity_seq } = payload;
  return (
    `${timeOfDay(at)}  ${replaceUnprintable(entity_id)}  ${replaceUnprintable(type)}  ` +
    `${colors.dim(`attempt ${attempt}, event ${entity_seq}`)}`
  );
}

/** `parcels/p-1` names a domain; an id may contain slashes itself. */
async function explain(given: string, options: ServerDomainOptions): Promise<void> {
  const domains = await wantedDomains(options);
  const [first = "", ...rest] = given.split("/");
  const isNamed = rest.length > 0 && domains.includes(first);
  const id = isNamed ? rest.join("/") : given;
  const explanations = await Promise.all(
    (isNamed ? [first] : domains).map(async (domain) => {
      const path = pathOfDomain(domain, `/entities/${encodeURIComponent(id)}/explanation`);
      return { domain, ...(await callServer<Explanation>(options, path)) };
    }),
  );
  const known = explanations.filter((each) => each.known);
  const shown = known.length > 0 ? known : explanations;
  if (options.json) printJson(shown.length === 1 ? shown[0] : shown);
  else if (shown.length === 1) print(replaceUnprintable(shown[0]?.text ?? ""));
  else for (const { domain, text } of shown) print(replaceUnprintable(`${domain}/${id}: ${text}`));
  if (known.length !== 1) process.exitCode = known.length === 0 ? 1 : 2;
}
