import { destination, type Logger, pino, stdSerializers } from "pino";
import type { ShellEvent } from "../../runtime/shell/shell-event.ts";
import { unversionedChangeWarning } from "./contract-history.ts";
import type { System } from "./system.ts";

/** What a secret is called: in the environment, in a header, in a client's options. */
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
/** A connection string inside a message: pino redacts by key only. */
const URL_CREDENTIALS = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi;

/** What JSON leaves as it is and a terminal obeys: controls from 7f on, and what turns a line's direction around. */
const UNPRINTABLE = /[\u007f-\u009f\u2028\u2029\p{Bidi_C}]/gu;
const escapeCharacter = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** JSON lines on standard output; secrets are cut by their key, and out of connection strings. */
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

/** Tells what the shell does. Returns a function that ends it. */
export const logShellEvents = (log: Logger, system: Pick<System, "watch">): (() => void) =>
  system.watch((event) => logShellEvent(log, event));

/** No message's body is logged, at any level but trace. */
function logShellEvent(log: Logger, event: ShellEvent): void {
  switch (event.kind) {
    case "decision": {
      const { message, decision, partition } = event;
      if (log.isLevelEnabled("trace")) log.trace({ partition, message }, `${message.type} of ${message.entityId}`);
      if (!log.isLevelEnabled("debug")) return;
      const { result, reason, moves, entity } = decision;
      const about = {
        partition,
        entity: message.entityId,
        message_id: message.id,
        correlation_id: message.correlationId,
        attempt: entity?.attempt.number,
        state: entity?.state,
        moves,
      };
      return log.debug({ ...about, result }, `${message.type}: ${reason}`);
    }
    case "turn":
    case "published":
    case "repeat":
    case "deadline_fired":
      return log.debug(event, event.kind.replace("_", " "));
    case "intent":
      return event.result === "failed" || event.result === "superseded_intent"
        ? log.warn(event, `${event.type} ${event.result.replace("_", " ")}: ${event.code ?? ""}`)
        : log.debug(event, `${event.type} ${event.result}`);
    case "dead_letter":
      return log.warn(event, `dead letter ${event.code}: rollcall dlq list shows it`);
    case "repartitioned":
      return log.info(event, "a message was in the wrong partition: a copy was published to its entity's partition");
    case "partitions_owned":
      if (event.refused.length > 0) log.error({ refused: event.refused }, "partitions refused");
      return log.info({ owned: event.owned.length }, `serves ${event.owned.length} partitions`);
    case "partitions_lost":
      return log.warn(event, "partitions have another owner");
    case "expiry_held":
      return log.error(
        event,
        `expiry of ${event.state} is held: ${event.entities} of ${event.total} would have expired at once; rollcall ` +
          "hold list",
      );
    case "expiry_released":
      return log.warn(
        event,
        `expiry of ${event.state} is released by ${event.by ?? "the guard: no entity waits any more"}`,
      );
    case "comparison_done": {
      const { backend, missing, altered, leftover } = event;
      if (missing + altered + leftover === 0) return log.debug(event, `${backend} matches its entities`);
      return log.warn(
        event,
        `${backend} differs: ${missing} missing, ${altered} altered, ${leftover} left over; ${event.repairs} ` +
          "repairs asked for",
      );
    }
    case "comparison_failed":
      return log.warn(
        { backend: event.backend, error: redactCredentials(event.error) },
        `${event.backend} can't be compared with its entities`,
      );
    case "deletions_held":
      return log.error(
        event,
        `deletions from ${event.backend} are held: ${event.deletions} of ${event.total}; rollcall hold list`,
      );
    case "contracts_in_force":
      for (const file of event.filesWithoutNewVersion) log.warn(unversionedChangeWarning(file));
      return log.info({ contracts: event.hash.slice(0, 12), by: event.by }, "new contracts are in force");
    case "contracts_refused":
      return log.error(
        { by: event.by, reason: event.reason },
        "a contract change was refused: the previous contracts stay in force",
      );
    case "breaker":
      return event.open
        ? log.warn(event, `${event.backend} fails: its breaker is open`)
        : log.info(event, `${event.backend} answers again`);
    case "unpublishable":
      return log.error(event, `an event for ${event.topic} was refused by the bus: it is in the journal only`);
    case "unreachable":
      return log.warn(
        { part: event.part, error: redactCredentials(event.error) },
        `the ${event.part} can't be reached`,
      );
    case "recovered":
      return log.info(event, `the ${event.part} answers again`);
  }
}

const redactCredentials = (text: string): string => text.replaceAll(URL_CREDENTIALS, "$1[redacted]@");

function redactError<Serialized extends { message: string; stack: string }>(error: Serialized): Serialized {
  return { ...error, message: redactCredentials(error.message), stack: redactCredentials(error.stack) };
}
