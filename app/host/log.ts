import { destination, type Logger, pino, stdSerializers } from "pino";
import { SECRETS } from "./config.ts";
import { unversionedChangeWarning } from "./contracts-in-force.ts";
import { type EventOf, observerOf, type ShellEventHandlers } from "./shell-event-handlers.ts";
import type { System } from "./compose.ts";

/** Names of secrets: of environment variables, headers and client options. */
const SECRET_KEYS = ["password", "token", "secret", "authorization", "cookie", "key", ...SECRETS];
const REDACTED_PATHS = [...SECRET_KEYS.map((key) => `.${key}`), '["x-consul-token"]'].flatMap((step) => [
  step.replace(/^\./, ""),
  `*${step}`,
  `*.*${step}`,
]);
/** Credentials in a connection string inside a text: pino redacts by key only. */
const URL_CREDENTIALS = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi;

/**
 * Characters that JSON does not escape and that a terminal acts on: controls from 7f on, and those that change the
 * writing direction.
 */
const UNPRINTABLE = /[\u007f-\u009f\u2028\u2029\p{Bidi_C}]/gu;
const escapeCharacter = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** JSON lines on standard output. Secrets are removed by their key, and from connection strings. */
export function createLog(level: string, stream = destination({ fd: 1, sync: false })): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: (error: Error) => redactError(stdSerializers.err(error)) },
      hooks: { streamWrite: (line) => line.replaceAll(UNPRINTABLE, escapeCharacter) },
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

const LOGGERS: ShellEventHandlers<[log: Logger]> = {
  decision: logDecision,
  turn: (event, log) => log.debug(event, "turn"),
  published: (event, log) => log.debug(event, "published"),
  repeat: (event, log) => log.debug(event, "repeat"),
  deadline_fired: (event, log) => log.debug(event, "deadline fired"),
  intent: (event, log) =>
    event.result === "failed" || event.result === "superseded_intent"
      ? log.warn(event, `${event.type} ${event.result.replace("_", " ")}: ${event.code ?? ""}`)
      : log.debug(event, `${event.type} ${event.result}`),
  dead_letter: (event, log) => log.warn(event, `dead letter ${event.code}: rollcall dlq list shows it`),
  repartitioned: (event, log) =>
    log.info(event, "a message was in the wrong partition: a copy was published to its entity's partition"),
  unpublishable: (event, log) =>
    log.error(event, `the bus refused an event for ${event.topic}: it is in the journal only`),

  partitions_owned({ owned, refused }, log) {
    if (refused.length > 0) log.error({ refused }, "partitions refused");
    log.info({ owned: owned.length }, `serves ${owned.length} partitions`);
  },
  partitions_lost: (event, log) => log.warn(event, "partitions have another owner"),
  expiry_held: (event, log) =>
    log.error(
      event,
      `expiry of ${event.state} is held: ${event.entities} of ${event.total} would have expired at once; ` +
        "rollcall hold list",
    ),
  expiry_released: (event, log) =>
    log.warn(event, `expiry of ${event.state} is released by ${event.by ?? "the guard: no entity waits any more"}`),
  deletions_held: (event, log) =>
    log.error(
      event,
      `deletions from ${event.backend} are held: ${event.deletions} of ${event.total} would have happened at once; ` +
        "rollcall hold list",
    ),
  contracts_in_force(event, log) {
    for (const file of event.filesWithoutNewVersion) log.warn(unversionedChangeWarning(file));
    log.info({ contracts: event.hash.slice(0, 12), by: event.by }, "new contracts are in force");
  },
  contracts_refused: ({ by, reason }, log) =>
    log.error({ by, reason }, "a contract change was refused: the previous contracts stay in force"),

  domain_failed: ({ error }, log) =>
    log.error({ error: redactCredentials(error) }, "the domain can't be served: it is tried again"),
  job_failed: ({ job, error }, log) => log.error({ job, error: redactCredentials(error) }, `the job ${job} fails`),

  comparison_done(event, log) {
    const { backend, missing, altered, leftover, repairs } = event;
    if (missing + altered + leftover === 0) return log.debug(event, `${backend} matches its entities`);
    log.warn(
      event,
      `${backend} differs: ${missing} missing, ${altered} altered, ${leftover} left over; ${repairs} repairs requested`,
    );
  },
  comparison_failed: ({ backend, error }, log) =>
    log.warn({ backend, error: redactCredentials(error) }, `${backend} can't be compared with its entities`),
  breaker: (event, log) =>
    event.open
      ? log.warn(event, `${event.key} is not called: its circuit breaker is open`)
      : log.info(event, `${event.key} is reachable again`),
  unreachable: ({ part, error }, log) =>
    log.warn({ part, error: redactCredentials(error) }, `the ${part} can't be reached`),
  recovered: (event, log) => log.info(event, `the ${event.part} is reachable again`),
};

const redactCredentials = (text: string): string => text.replaceAll(URL_CREDENTIALS, "$1[redacted]@");

function redactError<Serialized extends { message: string; stack: string }>(error: Serialized): Serialized {
  return { ...error, message: redactCredentials(error.message), stack: redactCredentials(error.stack) };
}
