import {
  type Envelope,
  envelopeOf,
  type Evidence,
  groupedBy,
  type InputRecord,
  type PublishedRecord,
} from "./evidence.ts";

/** Held between the broker's time minus this and the broker's time. */
const SKEW_MAX_MS = 5_000;
/** From its arrival in the log until what it changes can be seen. */
const HEARD_MS = 2_000;

interface Said {
  readonly record: InputRecord;
  /** Undefined when the message names none. */
  readonly id: string | undefined;
  readonly nodeId: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly eventTimeMs: number;
}

/** What went in, held against what came out: G1, the ACK of G5, G8 and G11. Says nothing where nobody can look. */
export function judgeInputs(evidence: Evidence): string[] {
  const { inputs, deadLetters, records } = evidence;
  if (!inputs || !deadLetters) return [];
  const dead = new Set(deadLetters.map(({ headers }) => placeOf(headers)));
  const events = [...new Map(records.map((record) => [envelopeOf(record).envelope_id, record])).values()];
  const said = inputs.flatMap((record) => (dead.has(place(record)) ? [] : saidIn(record)));
  return [
    ...judgeIntrospections(evidence, said, events.map(envelopeOf)),
    ...judgeAcks(said, events.map(envelopeOf)),
    ...judgeInTime(said, events),
    ...judgeDeadLetters(evidence, inputs),
  ];
}

const place = ({ topic, partition, offset }: InputRecord): string => `${topic}[${partition}]@${offset}`;
const placeOf = (headers: Readonly<Record<string, string>>): string =>
  `${headers["dlq_topic"]}[${headers["dlq_partition"]}]@${headers["dlq_offset"]}`;

/** An envelope, or whatever else has a node's id in the place where payloads are. */
function saidIn(record: InputRecord): Said[] {
  let message: Readonly<Record<string, unknown>> | null;
  try {
    message = JSON.parse(String(record.value)) as typeof message;
  } catch {
    return [];
  }
  const { envelope_id: id, envelope_timestamp } = (message ?? {}) as Partial<Envelope>;
  const payload = (message?.["payload"] ?? message?.["data"] ?? message) as Said["payload"] | null;
  if (typeof payload?.["node_id"] !== "string") return [];
  const toldMs = Date.parse(String(envelope_timestamp ?? payload["timestamp"]));
  const eventTimeMs = Math.min(record.atMs, Math.max(record.atMs - SKEW_MAX_MS, toldMs || 0));
  return [{ record, id, nodeId: payload["node_id"], payload, eventTimeMs }];
}

function judgeIntrospections(
  { taken, settledMs = Number.POSITIVE_INFINITY }: Evidence,
  said: readonly Said[],
  events: readonly Envelope[],
): string[] {
  const causes = new Set(events.map(({ parent_envelope_id }) => parent_envelope_id));
  const known = new Set(events.map(({ payload }) => payload["node_id"]));
  return said.flatMap(({ record, id, nodeId, payload }) => {
    if (record.type !== "NodeIntrospectionEvent" || record.atMs >= settledMs) return [];
    const where = `G1 ${nodeId}: its introspection ${id}`;
    if (id !== undefined && !causes.has(id) && taken && !taken.has(id)) return [`${where} left no trace`];
    return known.has(nodeId) || payload["reason"] === "shutdown" ? [] : [`${where} began no attempt`];
  });
}

function judgeAcks(said: readonly Said[], events: readonly Envelope[]): string[] {
  const acks = new Map(said.map((each) => [each.id, each]));
  // Of these nobody can tell which ACK it was.
  const withoutIds = new Set(said.flatMap(({ id, nodeId }) => (id === undefined ? [nodeId] : [])));
  return events.flatMap(({ payload_type: type, payload, parent_envelope_id: cause }) => {
    if (type !== "NodeRegistrationAckReceived" || withoutIds.has(String(payload["node_id"]))) return [];
    const where = `G5 ${type} of ${String(payload["node_id"])}`;
    const ack = acks.get(cause ?? "");
    if (ack?.record.type !== "NodeRegistrationAcked") return [`${where}: no ACK in the log is its cause`];
    const named = ack.payload["registration_attempt_id"] ?? payload["registration_attempt_id"];
    return named === payload["registration_attempt_id"] ? [] : [`${where}: its ACK is of another attempt`];
  });
}

/** What lay in the log before the deadline wins, whenever it was read. */
function judgeInTime(said: readonly Said[], events: readonly PublishedRecord[]): string[] {
  const activeAtMs = new Map<unknown, number>();
  const periodMs = new Map<unknown, number>();
  for (const event of events) {
    const { payload_type: type, payload } = envelopeOf(event);
    if (type !== "NodeBecameActive") continue;
    const at = (name: string): number => Date.parse(String(payload[name]));
    activeAtMs.set(payload["registration_attempt_id"], event.atMs);
    periodMs.set(payload["registration_attempt_id"], at("liveness_deadline") - at("emitted_at"));
  }
  const ofNode = groupedBy(said, ({ nodeId }) => nodeId);
  return events.flatMap((event) => {
    const { payload_type: type, payload } = envelopeOf(event);
    const isExpiry = type === "NodeLivenessExpired";
    if (!isExpiry && type !== "NodeRegistrationAckTimedOut") return [];
    const deadlineMs = Date.parse(String(payload["deadline_at"]));
    const attempt = payload["registration_attempt_id"];
    const own = (ofNode.get(String(payload["node_id"])) ?? []).filter(
      ({ record }) => record.partition === event.kafka?.partition,
    );
    const inTime = own.filter(({ record }) => record.atMs < deadlineMs);
    // However long its deadline was put off: whoever has beaten within its period is not expired.
    const aliveMs = event.atMs - (periodMs.get(attempt) ?? 0);
    const beat = own.find(
      ({ record, eventTimeMs }) =>
        record.type === "NodeHeartbeatEvent" && eventTimeMs > aliveMs && record.atMs < event.atMs - HEARD_MS,
    );
    const sinceMs = activeAtMs.get(attempt) ?? Number.POSITIVE_INFINITY;
    const heardMs = Date.parse(String(payload["last_heartbeat_at"])) || sinceMs;
    const unheard = inTime.find(({ record, eventTimeMs, payload: words }) =>
      isExpiry
        ? record.type === "NodeHeartbeatEvent" && record.atMs > sinceMs && eventTimeMs > heardMs
        : record.type === "NodeRegistrationAcked" && words["registration_attempt_id"] === attempt,
    );
    const what = `G8 ${type} of ${String(payload["node_id"])}`;
    if (unheard) return [`${what}: ${unheard.record.type} ${unheard.id} lay in the log before the deadline`];
    return isExpiry && beat ? [`${what}: it has beaten ${event.atMs - beat.eventTimeMs} ms before`] : [];
  });
}

function judgeDeadLetters(
  { deadLetters = [], suspects = new Set(), poison = [] }: Evidence,
  inputs: readonly InputRecord[],
): string[] {
  const broken: string[] = [];
  const inputAt = new Map(inputs.map((record) => [place(record), record]));
  const first = new Map<string, string>();
  for (const { value, key, headers } of deadLetters) {
    const where = placeOf(headers);
    const input = inputAt.get(where);
    const content = JSON.stringify([String(value), String(key), Object.entries(headers).sort()]);
    const known = first.get(where);
    if (known !== undefined && known !== content) broken.push(`G11 ${where}: dead-lettered twice, in different ways`);
    first.set(where, content);
    if (!input) broken.push(`G11 ${where}: dead-lettered, and nothing lies there`);
    else if (!suspects.has(String(input.value)))
      broken.push(
        `G11 ${where}: a good message was dead-lettered (${headers["dlq_error_code"]}: ${headers["dlq_error"]})`,
      );
    else if (headers["dlq_truncated"] === undefined && input.value?.equals(value ?? Buffer.of()) === false)
      broken.push(`G11 ${where}: its dead letter has other bytes`);
  }
  for (const where of poison)
    if (!first.has(where)) broken.push(`G11 ${where}: it can't be processed, and is in no dead letter`);
  return broken;
}
