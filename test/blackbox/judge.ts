import { judgeAtRest } from "../promises/at-rest.ts";
import { groupBy } from "../../runtime/shell/group-by.ts";
import type { AtRest, HistoryEvent, PublishedCopy } from "../promises/history.ts";
import { Judge, type Witness } from "../promises/judge.ts";
import type { Report } from "../promises/promises.ts";
import { PublicationJudge } from "../promises/publication.ts";
import { envelopeOf, type Evidence, type PublishedRecord } from "./evidence.ts";
import { judgeEnvelopes } from "./judge-envelopes.ts";
import { type InputMessage, judgeInputs, messagesIn } from "./judge-inputs.ts";

/** How far the clocks of one machine may differ. */
const CLOCKS_MS = 20;

/**
 * Checks the promises on a system that has come to rest, by what outsiders can see. Shares no code with what it judges.
 * @returns what was broken, with the promise's id; empty when all was kept
 */
export function judge(evidence: Evidence): readonly string[] {
  const messages = messagesIn(evidence);
  const broken = [...judgeEnvelopes(evidence.records), ...judgeInputs(evidence, messages)];
  const report: Report = (promise, what) => void broken.push(`${promise} ${what}`);
  const publication = new PublicationJudge(report, evidence.partitions);
  const events = evidence.records.filter((record) => publication.published(copyOf(record)));
  const history = new Judge(report, witnessOf(evidence, messages));
  for (const record of events.toSorted((a, b) => seqOf(a) - seqOf(b))) history.event(eventOf(record));
  judgeAtRest(history.entities, atRestOf(evidence), report);
  for (const entry of evidence.foreign?.planted ?? [])
    if (!evidence.foreign?.found.includes(entry)) report("G10", `a foreign entry was touched: ${entry}`);
  return broken;
}

const seqOf = (record: PublishedRecord): number => Number(envelopeOf(record).payload["entity_seq"]);

function eventOf(record: PublishedRecord): HistoryEvent {
  const { envelope_id: id, payload_type: type, parent_envelope_id: cause, payload } = envelopeOf(record);
  return { type, id, cause, payload, atMs: record.atMs };
}

function copyOf(record: PublishedRecord): PublishedCopy {
  const { value, kafka } = record;
  const { envelope_id: id, payload_type: type, payload } = envelopeOf(record);
  const content = JSON.stringify([value, kafka?.topic, kafka?.key, Object.entries(kafka?.headers ?? {}).sort()]);
  return { type, id, payload, content, ...(kafka && { place: kafka }) };
}

function witnessOf(
  { records, outages = [], lateMsMax }: Evidence,
  messages: readonly InputMessage[] | undefined,
): Witness {
  const times = { clocksMs: CLOCKS_MS, outages: () => outages, ...(lateMsMax !== undefined && { lateMsMax }) };
  if (!messages) return times;
  const acks = new Map(
    messages.flatMap((each) => (each.record.type === "NodeRegistrationAcked" ? [[each.id, each]] : [])),
  );
  const withoutIds = new Set(messages.flatMap(({ id, nodeId }) => (id === undefined ? [nodeId] : [])));
  const partitions = new Map(
    records.map((each) => [String(envelopeOf(each).payload["entity_id"]), each.kafka?.partition]),
  );
  const heartbeats = groupBy(
    messages.filter(
      ({ record, nodeId }) => record.type === "NodeHeartbeatEvent" && record.partition === partitions.get(nodeId),
    ),
    ({ nodeId }) => nodeId,
  );
  return {
    ...times,
    ack(messageId, entityId) {
      if (withoutIds.has(entityId)) return "unknown";
      const ack = acks.get(messageId);
      const { registration_attempt_id: attemptId, correlation_id: correlationId } = ack?.payload ?? {};
      return ack && { entityId: ack.nodeId, attemptId, correlationId };
    },
    heartbeats: (entityId) =>
      (heartbeats.get(entityId) ?? []).map(({ record, eventTimeMs }) => ({ atMs: record.atMs, eventMs: eventTimeMs })),
  };
}

const atRestOf = ({ registrations, services, rows }: Evidence): AtRest => ({
  registrations: new Map(registrations.map(({ node_id, state, entity_seq: seq }) => [node_id, { state, seq }])),
  services: services.map(({ serviceId, nodeId, address, port, passing, version }) => ({
    serviceId,
    entityId: nodeId,
    address: `${address}:${port}`,
    isPassing: passing,
    ...(version !== undefined && { version }),
  })),
  ...(rows && { rows: rows.map(({ node_id, status, version }) => ({ entityId: node_id, status, version })) }),
});
