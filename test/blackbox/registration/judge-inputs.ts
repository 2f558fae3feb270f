import { groupBy } from "../../../runtime/shell/group-by.ts";
import { type Envelope, envelopeOf, type Evidence, type PublishedRecord } from "../evidence.ts";
import type { InputMessage } from "../inputs.ts";

/** From the arrival of a message in the log until what it changes can be seen. */
const VISIBLE_MS = 2_000;

/** What went in, compared with what came out: G1 and G8. Reports nothing where inputs can't be read. */
export function judgeInputs(evidence: Evidence, messages: readonly InputMessage[] | undefined): string[] {
  if (!messages) return [];
  const events = [...new Map(evidence.records.map((record) => [envelopeOf(record).envelope_id, record])).values()];
  return [...judgeIntrospections(evidence, messages, events.map(envelopeOf)), ...judgeInTime(messages, events)];
}

function judgeIntrospections(
  { taken, settledMs = Number.POSITIVE_INFINITY }: Evidence,
  messages: readonly InputMessage[],
  events: readonly Envelope[],
): string[] {
  const causes = new Set(events.map(({ parent_envelope_id }) => parent_envelope_id));
  const known = new Set(events.map(({ payload }) => payload["node_id"]));
  return messages.flatMap(({ record, id, entityId: nodeId, payload }) => {
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
  const ofNode = groupBy(messages, ({ entityId }) => entityId);
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
