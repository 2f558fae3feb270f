import { groupBy } from "../../runtime/shell/group-by.ts";
import { type Envelope, envelopeOf, type Evidence, type InputRecord, type PublishedRecord } from "./evidence.ts";

/** How far the time that a node states may lie before the broker's. */
const SKEW_MAX_MS = 5_000;
/** From the arrival of a message in the log until what it changes can be seen. */
const VISIBLE_MS = 2_000;

/** What a node sent, as far as it can be read. */
export interface InputMessage {
  readonly record: InputRecord;
  /** Undefined when the message names none. */
  readonly id: string | undefined;
  readonly nodeId: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly eventTimeMs: number;
}

/** What went in and was not dead-lettered; undefined where inputs can't be read. */
export function messagesIn({ inputs, deadLetters }: Evidence): readonly InputMessage[] | undefined {
  if (!inputs || !deadLetters) return undefined;
  const dead = new Set(deadLetters.map(({ headers }) => placeOf(headers)));
  return inputs.flatMap((record) => (dead.has(place(record)) ? [] : messageIn(record)));
}

/** What went in, compared with what came out: G1, G8 and G11. Reports nothing where inputs can't be read. */
export function judgeInputs(evidence: Evidence, messages: readonly InputMessage[] | undefined): string[] {
  const { inputs, records } = evidence;
  if (!inputs || !messages) return [];
  const events = [...new Map(records.map((record) => [envelopeOf(record).envelope_id, record])).values()];
  return [
    ...judgeIntrospections(evidence, messages, events.map(envelopeOf)),
    ...judgeInTime(messages, events),
    ...judgeDeadLetters(evidence, inputs),
  ];
}

const place = ({ topic, partition, offset }: InputRecord): string => `${topic}[${partition}]@${offset}`;
const placeOf = (headers: Readonly<Record<string, string>>): string =>
  `${headers["dlq_topic"]}[${headers["dlq_partition"]}]@${headers["dlq_offset"]}`;

/** An envelope, or anything else with a node's id where payloads are. */
function messageIn(record: InputRecord): InputMessage[] {
  let message: Readonly<Record<string, unknown>> | null;
  try {
    message = JSON.parse(String(record.value)) as typeof message;
  } catch {
    return [];
  }
  const { envelope_id: id, envelope_timestamp } = (message ?? {}) as Partial<Envelope>;
  const payload = (message?.["payload"] ?? message?.["data"] ?? message) as InputMessage["payload"] | null;
  if (typeof payload?.["node_id"] !== "string") return [];
  const statedMs = Date.parse(String(envelope_timestamp ?? payload["timestamp"]));
  const eventTimeMs = Math.min(record.atMs, Math.max(record.atMs - SKEW_MAX_MS, statedMs || 0));
  return [{ record, id, nodeId: payload["node_id"], payload, eventTimeMs }];
}

function judgeIntrospections(
  { taken, settledMs = Number.POSITIVE_INFINITY }: Evidence,
  messages: readonly InputMessage[],
  events: readonly Envelope[],
): string[] {
  const causes = new Set(events.map(({ parent_envelope_id }) => parent_envelope_id));
  const known = new Set(events.map(({ payload }) => payload["node_id"]));
  return messages.flatMap(({ record, id, nodeId, payload }) => {
    if (record.type !== "NodeIntrospectionEvent" || record.atMs >= settledMs) return [];
    const where = `G1 ${nodeId}: its introspection ${id}`;
    if (id !== undefined && !causes.has(id) && taken && !taken.has(id)) return [`${where} left no trace`];
    return known.has(nodeId) || payload["reason"] === "shutdown" ? [] : [`${where} began no attempt`];
  });
}

/** An ACK that lay in the log before the deadline wins; and a node that sends heartbeats is not expired. */
function judgeInTime(messages: readonly InputMessage[], events: readonly PublishedRecord[]): string[] {
  const periodMs = new Map<unknown, number>();
  for (const event of events) {
    const { payload_type: type, payload } = envelopeOf(event);
    const at = (name: string): number => Date.parse(String(payload[name]));
    if (type === "NodeBecameActive")
      periodMs.set(payload["registration_attempt_id"], at("liveness_deadline") - at("emitted_at"));
  }
  const ofNode = groupBy(messages, ({ nodeId }) => nodeId);
  return events.flatMap((event) => {
    const { payload_type: type, payload } = envelopeOf(event);
    const attempt = payload["registration_attempt_id"];
    const what = `G8 ${type} ${String(payload["entity_seq"])} of ${String(payload["node_id"])}`;
    const own = (ofNode.get(String(payload["node_id"])) ?? []).filter(
      ({ record }) => record.partition === event.kafka?.partition,
    );
    if (type === "NodeRegistrationAckTimedOut") {
      const deadlineMs = Date.parse(String(payload["deadline_at"]));
      const ack = own.find(
        ({ record, payload: answer }) =>
          record.type === "NodeRegistrationAcked" &&
          record.atMs < deadlineMs &&
          answer["registration_attempt_id"] === attempt,
      );
      return ack ? [`${what}: NodeRegistrationAcked ${ack.id} lay in the log before the deadline`] : [];
    }
    if (type !== "NodeLivenessExpired") return [];
    // However long its deadline was put off: a heartbeat within the period keeps a node active.
    const aliveMs = event.atMs - (periodMs.get(attempt) ?? 0);
    const beat = own.find(
      ({ record, eventTimeMs }) =>
        record.type === "NodeHeartbeatEvent" && eventTimeMs > aliveMs && record.atMs < event.atMs - VISIBLE_MS,
    );
    return beat ? [`${what}: it has sent a heartbeat ${event.atMs - beat.eventTimeMs} ms before`] : [];
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
