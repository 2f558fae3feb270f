import { destination, type DestinationStream, type Logger, pino } from "pino";
import { SECRET_HEADERS } from "../../effects/backends.ts";
import { SECRETS } from "./config.ts";
import { redactorOf } from "./redact.ts";
import { unversionedChangeWarning } from "./contracts-in-force.ts";
import { type EventOf, observerOf, type ShellEventHandlers } from "./shell-event-handlers.ts";
import type { System } from "./compose.ts";
import type { Troubles } from "./troubles/troubles.ts";

/** Names of secrets: of environment variables, headers and client options. */
const SECRET_KEYS = ["password", "token", "secret", "authorization", "cookie", "key", ...SECRETS];
const REDACTED_PATHS = [...SECRET_KEYS.map((key) => `.${key}`), ...SECRET_HEADERS.map((name) => `["${name}"]`)].flatMap(
  (step) => [step.replace(/^\./, ""), `*${step}`, `*.*${step}`],
);
/**
 * Characters that JSON does not escape and that a terminal acts on: controls from 7f on, and those that change the
 * writing direction.
 */
const UNPRINTABLE = /[\u007f-\u009f\u2028\u2029\p{Bidi_C}]/gu;
const escapeCharacter = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** JSON lines. Secrets are removed by their key, from connection strings, and from every text by `redact`. */
export function createLog(
  level: string,
  redact = redactorOf([]),
  stream: DestinationStream = destination({ fd: 1, sync: false }),
): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      hooks: { streamWrite: (line) => redact(line).replaceAll(UNPRINTABLE, escapeCharacter) },
      redact: { paths: REDACTED_PATHS, censor: "[redacted]" },
    },
    stream,
  );
}

/** Logs what the shell does. Returns a function that ends it. */
export const logShellEvents = (log: Logger, system: Pick<System, "watch">): (() => void) =>
  system.watch(observerOf(LOGGERS, log));

/** Never logs a message's payload below trace: it may hold what its sender keeps secret. */
function logDecision({ message, decision, partition }: EventOf<"decision">, log: Logger): void {
  if (log.isLevelEnabled("trace")) log.trace({ partition, message }, `${message.type} of ${message.entityId}`);
  if (!log.isLevelEnabled("debug")) return;
  const { result, reason, moves, entity } = decision;
  const { entityId, id: message_id, correlationId: correlation_id } = message;
  const { state, attempt } = entity ?? {};
  const facts = { partition, entity: entityId, message_id, correlation_id, attempt: attempt?.number, state };
  log.debug({ ...facts, moves, result }, `${message.type}: ${reason}`);
}

function logIntent({ error = "", ...event }: EventOf<"intent">, log: Logger): void {
  const { type, result, code } = event;
  const fault = code === undefined ? "" : `: ${code} ${error}`;
  const isLast = result === "failed" || result === "superseded_intent";
  log[isLast ? "warn" : "debug"](event, `${type} ${result.replace("_", " ")}${fault}`);
}

const LOGGERS: ShellEventHandlers<[log: Logger]> = {
  decision: logDecision,
  committed: () => {},
  turn: (event, log) => log.debug(event, "turn"),
  published: (event, log) => log.debug(event, "published"),
  repeat: (event, log) => log.debug(event, "repeat"),
  door_rejected: (event, log) => log.debug(event, "a record's door is none, or not its own: its sender is nobody"),
  turn_refused: (event, log) => log.debug(event, `the store refuses the turn of ${event.type} of ${event.entity}`),
  deadline_fired: (event, log) => log.debug(event, "deadline fired"),
  purge_deferred: (event, log) => log.debug(event, "a purge is put off: something of the entity is on its way"),
  projection_fault: ({ projection, entityId: entity, reason }, log) =>
    log.warn({ projection, entity, reason }, `the rows of ${entity} in ${projection} are older than it is`),
  intent: logIntent,
  dead_letter: (event, log) => log.warn(event, `dead letter ${event.code}: rollcall dlq list shows it`),
  skipped: (event, log) => log.debug(event, "a message of a type that the topic's contract has skipped"),
  repartitioned: (event, log) =>
    log.info(event, "a message was in the wrong partition: a copy was published to its entity's partition"),
  unpublishable: (event, log) =>
    log.error(event, `the bus refused an event for ${event.topic}: it is in the journal only`),

  partitions_owned: ({ owned }, log) => log.info({ owned: owned.length }, `serves ${owned.length} partitions`),
  partitions_lost: (event, log) => log.warn(event, "partitions have another owner"),
  expiry_released: (event, log) =>
    log.warn(event, `expiry of ${event.state} is released by ${event.by ?? "the guard: no entity waits any more"}`),
  contracts_in_force(event, log) {
    for (const file of event.filesWithoutNewVersion) log.warn(unversionedChangeWarning(file));
    log.info({ contracts: event.hash.slice(0, 12), by: event.by }, "new contracts are in force");
  },
  projection_filling: ({ projection, version, filled, of }, log) =>
    log.info(
      { projection, version, filled, of },
      `${projection} version ${version}: rows of ${filled} of ${of} entities`,
    ),
  projections_waiting: ({ reason }, log) => log.warn({ reason }, `the change of projections waits: ${reason}`),
  gateways_in_force: ({ by }, log) => log.info({ by }, "other gateways are served"),
  job_failed: ({ job, error }, log) => log.error({ job, error }, `the job ${job} fails`),
  comparison_done(event, log) {
    const { backend, missing, altered, leftover, repairs } = event;
    const found = `${missing} missing, ${altered} altered, ${leftover} left over; ${repairs} repairs requested`;
    log.debug(event, `${backend} is compared: ${found}`);
  },

  // Troubles, which say them once: `logTroubles`.
  expiry_held: (event, log) => log.debug(event, "expiry held"),
  deletions_held: (event, log) => log.debug(event, "deletions held"),
  contracts_refused: ({ by, reason }, log) => log.debug({ by, reason }, "contracts refused"),
  domain_failed: ({ error }, log) => log.debug({ error }, "domain failed"),
  comparison_failed: ({ backend, error }, log) => log.debug({ backend, error }, "comparison failed"),
  breaker: (event, log) => log.debug(event, `breaker of ${event.key} ${event.open ? "open" : "closed"}`),
  unreachable: ({ part, error }, log) => log.debug({ part, error }, `no answer of the ${part}`),
  recovered: (event, log) => log.debug(event, `the ${event.part} answers again`),
};

/** A line when a trouble begins, one a minute while it lasts, one when it ends. Returns a function that ends it. */
export const logTroubles = (log: Logger, troubles: Pick<Troubles, "watch">): (() => void) =>
  troubles.watch(({ kind, trouble, count, lastedMs }) => {
    const { code, domain, partitions, sinceMs, title, detail, remedy, blocks } = trouble;
    const since = new Date(sinceMs).toISOString();
    const facts = {
      trouble: code,
      ...(domain !== null && { domain }),
      partitions,
      since,
      count,
      lasted_ms: Math.round(lastedMs),
    };
    if (kind === "ended") return log.info(facts, `ended: ${title}`);
    const text = `${kind === "lasts" ? "still: " : ""}${title}: ${detail}; ${remedy}`;
    log[code === "STARTING" ? "info" : blocks === "nothing" ? "warn" : "error"](facts, text);
  });
