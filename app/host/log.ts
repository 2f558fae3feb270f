import { destination, type Logger, pino, stdSerializers } from "pino";
import { unversionedChangeWarning } from "./contract-history.ts";
import { type EventOf, observerOf } from "./shell-event-handlers.ts";
import type { System } from "./system.ts";

/** Names of secrets: of environment variables, headers and client options. */
const SECRET_KEYS = [
  "password",
  "token",
  "secret",
  "authorization",
  "cookie",
  "key",
  "DATABASE_URL",
  "KAFKA_SASL_PASSWORD",
  "CONSUL_HTTP_TOKEN",
  '["x-consul-token"]',
];
const REDACTED_PATHS = SECRET_KEYS.flatMap((key) => {
  const step = key.startsWith("[") ? key : `.${key}`;
  return [step.replace(/^\./, ""), `*${step}`, `*.*${step}`];
});
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
  system.watch(observerOf({ ...messageLoggers(log), ...operationLoggers(log), ...outageLoggers(log) }));

/** Never logs a message's payload below trace: it may hold what its sender keeps secret. */
function logDecision(log: Logger, { message, decision, partition }: EventOf<"decision">): void {
  if (log.isLevelEnabled("trace")) log.trace({ partition, message }, `${message.type} of ${message.entityId}`);
  if (!log.isLevelEnabled("debug")) return;
  const { result, reason, moves, entity } = decision;
  const { entityId, id: message_id, correlationId: correlation_id } = message;
  const { state, attempt } = entity ?? {};
  const facts = { partition, entity: entityId, message_id, correlation_id, attempt: attempt?.number, state };
  log.debug({ ...facts, moves, result }, `${message.type}: ${reason}`);
}

const messageLoggers = (log: Logger) => ({
  decision: (event: EventOf<"decision">) => logDecision(log, event),
  turn: (event: EventOf<"turn">) => log.debug(event, "turn"),
  published: (event: EventOf<"published">) => log.debug(event, "published"),
  repeat: (event: EventOf<"repeat">) => log.debug(event, "repeat"),
  deadline_fired: (event: EventOf<"deadline_fired">) => log.debug(event, "deadline fired"),
  intent: (event: EventOf<"intent">) =>
    event.result === "failed" || event.result === "superseded_intent"
      ? log.warn(event, `${event.type} ${event.result.replace("_", " ")}: ${event.code ?? ""}`)
      : log.debug(event, `${event.type} ${event.result}`),
  dead_letter: (event: EventOf<"dead_letter">) =>
    log.warn(event, `dead letter ${event.code}: rollcall dlq list shows it`),
  repartitioned: (event: EventOf<"repartitioned">) =>
    log.info(event, "a message was in the wrong partition: a copy was published to its entity's partition"),
  unpublishable: (event: EventOf<"unpublishable">) =>
    log.error(event, `the bus refused an event for ${event.topic}: it is in the journal only`),
});

const operationLoggers = (log: Logger) => ({
  partitions_owned({ owned, refused }: EventOf<"partitions_owned">) {
    if (refused.length > 0) log.error({ refused }, "partitions refused");
    log.info({ owned: owned.length }, `serves ${owned.length} partitions`);
  },
  partitions_lost: (event: EventOf<"partitions_lost">) => log.warn(event, "partitions have another owner"),
  expiry_held: (event: EventOf<"expiry_held">) =>
    log.error(
      event,
      `expiry of ${event.state} is held: ${event.entities} of ${event.total} would have expired at once; ` +
        "rollcall hold list",
    ),
  expiry_released: (event: EventOf<"expiry_released">) =>
    log.warn(event, `expiry of ${event.state} is released by ${event.by ?? "the guard: no entity waits any more"}`),
  deletions_held: (event: EventOf<"deletions_held">) =>
    log.error(
      event,
      `deletions from ${event.backend} are held: ${event.deletions} of ${event.total} would have happened at once; ` +
        "rollcall hold list",
    ),
  contracts_in_force(event: EventOf<"contracts_in_force">) {
    for (const file of event.filesWithoutNewVersion) log.warn(unversionedChangeWarning(file));
    log.info({ contracts: event.hash.slice(0, 12), by: event.by }, "new contracts are in force");
  },
  contracts_refused: ({ by, reason }: EventOf<"contracts_refused">) =>
    log.error({ by, reason }, "a contract change was refused: the previous contracts stay in force"),
});

const outageLoggers = (log: Logger) => ({
  comparison_done(event: EventOf<"comparison_done">) {
    const { backend, missing, altered, leftover, repairs } = event;
    if (missing + altered + leftover === 0) return log.debug(event, `${backend} matches its entities`);
    log.warn(
      event,
      `${backend} differs: ${missing} missing, ${altered} altered, ${leftover} left over; ${repairs} repairs requested`,
    );
  },
  comparison_failed: ({ backend, error }: EventOf<"comparison_failed">) =>
    log.warn({ backend, error: redactCredentials(error) }, `${backend} can't be compared with its entities`),
  breaker: (event: EventOf<"breaker">) =>
    event.open
      ? log.warn(event, `${event.backend} is not called: its circuit breaker is open`)
      : log.info(event, `${event.backend} is reachable again`),
  unreachable: ({ part, error }: EventOf<"unreachable">) =>
    log.warn({ part, error: redactCredentials(error) }, `the ${part} can't be reached`),
  recovered: (event: EventOf<"recovered">) => log.info(event, `the ${event.part} is reachable again`),
});

const redactCredentials = (text: string): string => text.replaceAll(URL_CREDENTIALS, "$1[redacted]@");

function redactError<Serialized extends { message: string; stack: string }>(error: Serialized): Serialized {
  return { ...error, message: redactCredentials(error.message), stack: redactCredentials(error.stack) };
}
