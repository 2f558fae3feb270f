import type { ConsumedTopic } from "./domain.ts";
import { eventTypeOf } from "./envelope.ts";
import { derivedId, ENTITY_ID_LENGTH, isEntityId, senderId } from "./ids.ts";
import type { Message, Payload } from "./message.ts";
import { fromRfc3339 } from "./time.ts";
import { traceparentIn } from "./trace.ts";
import {
  DecodeError,
  escapePointer,
  invalidPayload,
  isObject,
  parseObject,
  PAYLOAD_BYTES_MAX,
  SkippedTypeError,
} from "./incoming-json.ts";

/** A record of the log, with its header values as text. */
export interface WireRecord extends NonNullable<Message["origin"]> {
  readonly value: Uint8Array | null;
  readonly headers: Readonly<Record<string, string>>;
  /** Broker's time of the append, ms since the epoch; for a trusted repartitioned copy that of the original. */
  readonly brokerTimeMs: number;
}

/**
 * A record of a consumed topic as a message: an envelope, a CloudEvent (structured or binary) or a bare payload. A
 * topic with one type determines the type; on one with several each message names its own. Pure.
 * @param types what the record's topic carries, at least one
 * @throws DecodeError with the dead-letter code; SkippedTypeError where other types are skipped
 */
export function decodeRecord(
  domain: { readonly name: string; readonly entityIdField: string; readonly maxClockSkewMs: number },
  types: readonly ConsumedTopic[],
  record: WireRecord,
): Message {
  const fields = readMessageFields(parseObject(record.value), record.headers);
  const source = typeof fields.source === "string" ? fields.source : "";
  const consumed = consumedType(domain.name, types, fields.type, record.headers["event_type"]);
  checkVersion(fields.version);
  const payload = checkPayload(consumed, fields.payload);
  const entityId = entityIdIn(payload, domain.entityIdField);
  if (record.value && record.value.length > PAYLOAD_BYTES_MAX / REENCODING_GROWTH_MAX) checkReencodedSize(payload);
  const givenId = senderId(source, fields.id ?? record.headers["message_id"]);
  const id = givenId ?? derivedId("record", record.topic, record.partition, record.offset);
  const correlationId = fields.correlationId ?? record.headers["correlation_id"];
  return {
    kind: "bus",
    type: consumed.type,
    id,
    hasSenderId: givenId !== undefined,
    entityId,
    correlationId: senderId(source, payload["correlation_id"]) ?? senderId(source, correlationId) ?? id,
    payload,
    now: eventTimeMs(fields.time ?? payload["timestamp"], record.brokerTimeMs, domain.maxClockSkewMs),
    origin: { topic: record.topic, partition: record.partition, offset: record.offset },
    traceparent: traceparentIn(record.headers),
  };
}

/** The payload, and the fields of the format around it. */
function readMessageFields(value: ReturnType<typeof parseObject>, headers: WireRecord["headers"]) {
  if ("payload" in value || "payload_type" in value || "envelope_id" in value)
    return {
      payload: value["payload"],
      type: value["payload_type"],
      id: value["envelope_id"],
      correlationId: value["correlation_id"],
      source: value["source_tool"],
      time: value["envelope_timestamp"],
      version: value["payload_schema_version"],
    };
  if (typeof value["specversion"] === "string" && "data" in value) {
    const { data: payload, type, id, correlationid: correlationId, source, time } = value;
    return { payload, type, id, correlationId, source, time };
  }
  const { ce_type: type, ce_id: id, ce_source: source, ce_time: time } = headers;
  if (headers["ce_specversion"] !== undefined) return { payload: value, type, id, source, time };
  return { payload: value, source: headers["source"] };
}

/**
 * The type that a message names; on a topic with one type the name may be absent. ONEX producers prefix it with
 * `Model`, CloudEvents may carry the routing key instead.
 */
function consumedType(
  domain: string,
  types: readonly ConsumedTopic[],
  named: unknown,
  header: string | undefined,
): ConsumedTopic {
  const skipsOthers = types.some(({ skipsOtherTypes }) => skipsOtherTypes);
  // Where the topic decides the type, a header means nothing.
  const name = named ?? (types.length > 1 || skipsOthers ? header : undefined);
  const isUnnamed = name === undefined || name === null;
  const found = types.find(({ type }) => {
    if (isUnnamed) return types.length === 1;
    return name === type || name === `Model${type}` || name === eventTypeOf(domain, type);
  });
  if (found) return found;
  if (skipsOthers && typeof name === "string") throw new SkippedTypeError(name.slice(0, TYPE_NAME_LENGTH_MAX));
  const said = isUnnamed
    ? "names none: give payload_type, a CloudEvent's type or the header event_type"
    : `says ${JSON.stringify(name)?.slice(0, TYPE_NAME_LENGTH_MAX)}`;
  throw new DecodeError(
    "UNKNOWN_TYPE",
    `the topic takes ${types.map(({ type }) => type).join(", ")}, the message ${said}`,
  );
}

const TYPE_NAME_LENGTH_MAX = 120;

function entityIdIn(payload: Payload, field: string): string {
  const id = String(payload[field]);
  if (isEntityId(id)) return id;
  throw invalidPayload(`/${escapePointer(field)}: an id has ${ENTITY_ID_LENGTH}`);
}

function checkVersion(version: unknown): void {
  if (version === undefined || version === null) return;
  const major = isObject(version)
    ? version["major"]
    : typeof version === "string"
      ? Number(version.split(".")[0])
      : undefined;
  if (typeof major !== "number" || !Number.isInteger(major))
    throw invalidPayload("/payload_schema_version: neither {major, minor, patch} nor a version string");
  if (major !== 1) throw new DecodeError("VERSION_UNSUPPORTED", `payload schema version ${major} is not known, 1 is`);
}

function checkPayload({ type, message }: ConsumedTopic, payload: unknown): Payload {
  if (!isObject(payload)) throw invalidPayload(`/payload: ${type} is no object`);
  const checked = message.schema.safeParse(payload);
  if (checked.success) return message.normalize(checked.data);
  const issues = checked.error.issues.slice(0, 8);
  const texts = issues.map(({ path, message: text }) => `/${path.map(String).map(escapePointer).join("/")}: ${text}`);
  throw invalidPayload(texts.join("; "));
}

/** How much longer JSON can become when it is parsed and written again: `1e20` becomes 21 digits. */
const REENCODING_GROWTH_MAX = 6;

/** An event that repeats the payload must fit the bus, or the entity's events would have a gap. */
function checkReencodedSize(payload: Payload): void {
  const bytes = new TextEncoder().encode(JSON.stringify(payload)).length;
  if (bytes > PAYLOAD_BYTES_MAX)
    throw new DecodeError(
      "TOO_LARGE",
      `written out the payload has ${bytes} bytes, at most ${PAYLOAD_BYTES_MAX} are taken`,
    );
}

/** The time that the sender states, bounded to [broker time - allowed skew, broker time]. */
function eventTimeMs(statedTime: unknown, brokerTimeMs: number, maxClockSkewMs: number): number {
  if (statedTime === undefined || statedTime === null) return brokerTimeMs;
  const ms = typeof statedTime === "string" ? fromRfc3339(statedTime) : undefined;
  if (ms === undefined) throw invalidPayload("/envelope_timestamp: not an RFC 3339 time with an offset");
  return Math.min(Math.max(ms, brokerTimeMs - maxClockSkewMs), brokerTimeMs);
}
