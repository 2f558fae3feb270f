import { CloudEvent, Kafka as CloudEventsOnKafka } from "cloudevents";
import { Partitioners } from "kafkajs";
import { type Envelope, envelopeOf, type Evidence, type PublishedRecord } from "./evidence.ts";
import { judgeLife, type Life } from "./judge-life.ts";

/**
 * Checks the promises of reliability.md on a system that has come to rest, by what outsiders can see. Shares no code
 * with what it judges.
 * @returns what was broken, with the promise's id; empty when all was kept
 */
export function judge(evidence: Evidence): readonly string[] {
  const broken = [
    ...judgeEnvelopes(evidence.records),
    ...judgeRepeats(evidence.records),
    ...judgeDeadlines(evidence.records),
  ];
  const lives = new Map<string, Life>();
  for (const [nodeId, records] of byNode(evidence.records)) {
    broken.push(...judgeOrder(nodeId, records, evidence.partitions).map((what) => `G4 ${nodeId}: ${what}`));
    const life = judgeLife(distinct(records));
    broken.push(...life.broken.map((what) => `${what} (${nodeId})`));
    lives.set(nodeId, life);
  }
  return [...broken, ...judgeAgreement(evidence, lives)];
}

const nodeOf = (record: PublishedRecord): string => String(envelopeOf(record).payload["entity_id"]);
const seqOf = ({ payload }: Envelope): number => Number(payload["entity_seq"]);

function byNode(records: readonly PublishedRecord[]): Map<string, PublishedRecord[]> {
  const nodes = new Map<string, PublishedRecord[]>();
  for (const record of records) {
    const nodeId = nodeOf(record);
    nodes.set(nodeId, [...(nodes.get(nodeId) ?? []), record]);
  }
  return nodes;
}

/** Each event once, by its number. */
function distinct(records: readonly PublishedRecord[]): Envelope[] {
  const envelopes = new Map(records.map((record) => [envelopeOf(record).envelope_id, envelopeOf(record)]));
  return [...envelopes.values()].sort((a, b) => seqOf(a) - seqOf(b));
}

const CLOCKS_MS = 20;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const UTC_MS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function judgeEnvelopes(records: readonly PublishedRecord[]): string[] {
  return records.flatMap((record) => {
    const envelope = envelopeOf(record);
    const { payload } = envelope;
    const wrong = (what: string): string => `envelope ${envelope.payload_type} ${envelope.envelope_id}: ${what}`;
    const demands: readonly (readonly [boolean, string])[] = [
      [UUID.test(envelope.envelope_id), "envelope_id is no UUID"],
      [UTC_MS.test(envelope.envelope_timestamp), "envelope_timestamp is not RFC 3339 in UTC with ms"],
      [UUID.test(envelope.correlation_id), "correlation_id is no UUID"],
      [envelope.correlation_id === payload["correlation_id"], "payload has another correlation_id"],
      [envelope.parent_envelope_id === payload["causation_id"], "causation_id is not the parent"],
      [envelope.event_type === routingKey(envelope.payload_type), `event_type is ${envelope.event_type}`],
      [JSON.stringify(envelope.payload_schema_version) === '{"major":1,"minor":0,"patch":0}', "schema version"],
      [envelope.source_tool === "rollcall", "source_tool"],
      [payload["entity_id"] === payload["node_id"], "entity_id is not node_id"],
      [UUID.test(String(payload["registration_attempt_id"])), "registration_attempt_id is no UUID"],
      [UTC_MS.test(String(payload["emitted_at"])), "emitted_at"],
    ];
    const kafka = record.kafka ? judgeLabels(record.value, envelope, record.kafka) : [];
    return [...demands.flatMap(([kept, what]) => (kept ? [] : [what])), ...kafka].map(wrong);
  });
}

const routingKey = (type: string): string => `registration.${type.replace(/([a-z])([A-Z])/g, "$1-$2").toLowerCase()}`;

/** Headers, and whether a CloudEvents library takes the record for a valid event in binary mode. */
function judgeLabels(
  value: string,
  envelope: Envelope,
  { key, headers }: NonNullable<PublishedRecord["kafka"]>,
): string[] {
  const expected = {
    "content-type": "application/json",
    correlation_id: envelope.correlation_id,
    message_id: envelope.envelope_id,
    event_type: envelope.event_type,
    timestamp: envelope.envelope_timestamp,
    source: "rollcall",
  };
  const broken = Object.entries(expected).flatMap(([name, text]) =>
    headers[name] === text ? [] : [`header ${name} is ${headers[name]}`],
  );
  if (key !== envelope.payload["node_id"]) broken.push(`the key is ${key}`);
  try {
    const message = { headers: { ...headers }, key, value, body: value };
    const event = CloudEventsOnKafka.toEvent(message);
    if (!(event instanceof CloudEvent)) return [...broken, "no single CloudEvent"];
    event.validate();
    const told = { id: event.id, type: event.type, source: event.source, subject: event.subject, time: event.time };
    const meant = {
      id: envelope.envelope_id,
      type: envelope.event_type,
      source: "rollcall",
      subject: envelope.payload["entity_id"],
      time: envelope.envelope_timestamp,
    };
    if (JSON.stringify(told) !== JSON.stringify(meant)) broken.push(`the CloudEvent says ${JSON.stringify(told)}`);
    if ((event.data as Envelope).envelope_id !== envelope.envelope_id) broken.push("its data is not the envelope");
  } catch (error) {
    broken.push(`no valid CloudEvent: ${String(error)}`);
  }
  return broken;
}

function judgeRepeats(records: readonly PublishedRecord[]): string[] {
  const first = new Map<string, string>();
  const content = ({ value, kafka }: PublishedRecord): string =>
    JSON.stringify([value, kafka?.topic, kafka?.key, Object.entries(kafka?.headers ?? {}).sort()]);
  return records.flatMap((record) => {
    const { envelope_id: id, payload_type: type } = envelopeOf(record);
    const known = first.get(id);
    if (known === undefined) first.set(id, content(record));
    return known === undefined || known === content(record) ? [] : [`G3 ${type} ${id}: a repeat with other bytes`];
  });
}

/** A deadline is not told before it has come; both clocks are of one machine. */
const judgeDeadlines = (records: readonly PublishedRecord[]): string[] =>
  records.flatMap((record) => {
    const { payload_type: type, payload } = envelopeOf(record);
    const isDeadline = type === "NodeRegistrationAckTimedOut" || type === "NodeLivenessExpired";
    const earlyMs = isDeadline ? Date.parse(String(payload["deadline_at"])) - record.atMs : 0;
    return earlyMs > CLOCKS_MS ? [`G7 ${type} ${String(payload["node_id"])}: published ${earlyMs} ms too early`] : [];
  });

// Kafka's own default partitioner, by another author than ours.
const partitioner = Partitioners.DefaultPartitioner();

function judgeOrder(nodeId: string, records: readonly PublishedRecord[], partitions: number | undefined): string[] {
  const broken: string[] = [];
  const partitionMetadata = Array.from({ length: partitions ?? 0 }, (_, partitionId) => ({
    partitionId, leader: 1, partitionErrorCode: 0, replicas: [], isr: [],
  })); // prettier-ignore
  const home = partitions && partitioner({ topic: "any", partitionMetadata, message: { key: nodeId, value: null } });
  const newest = new Map<string, number>();
  const seen = new Set<string>();
  for (const record of records) {
    const envelope = envelopeOf(record);
    const { topic = "", partition } = record.kafka ?? {};
    if (partition !== undefined && partition !== home)
      broken.push(`an event in partition ${partition} of ${topic}, its place is ${home}`);
    if (seen.has(envelope.envelope_id)) continue;
    seen.add(envelope.envelope_id);
    if (seqOf(envelope) < (newest.get(topic) ?? 0))
      broken.push(`${envelope.payload_type} (${seqOf(envelope)}) lies behind ${newest.get(topic)} in ${topic}`);
    newest.set(topic, seqOf(envelope));
  }
  const numbers = distinct(records).map(seqOf);
  numbers.forEach((number, index) => {
    if (number !== index + 1) broken.push(`entity_seq has ${numbers.join(", ")}`);
  });
  return [...new Set(broken)];
}

/** G10: log, registrations, rows and catalogue tell the same. */
function judgeAgreement(evidence: Evidence, lives: ReadonlyMap<string, Life>): string[] {
  const { registrations, rows, services } = evidence;
  const broken: string[] = [];
  for (const [nodeId, { state, seq, serviceId, address }] of lives) {
    const say = (what: string): void => void broken.push(`G10 ${nodeId} (${state} by its events): ${what}`);
    if (state === "PENDING_REGISTRATION" || state === "ACCEPTED") say("G2 its attempt has not come to an end");
    const registration = registrations.find(({ node_id }) => node_id === nodeId);
    if (registration?.state !== state) say(`registration says ${registration?.state}`);
    if (registration && registration.entity_seq !== seq)
      say(`registration is at entity_seq ${registration.entity_seq}, the log at ${seq}`);
    const own = services.filter((entry) => entry.nodeId === nodeId);
    if (state === "ACTIVE") {
      const told = own.map((entry) => `${entry.serviceId} ${entry.address}:${entry.port} ${entry.passing}`).join(", ");
      if (told !== `${serviceId} ${address} true`) say(`the catalogue has [${told}], not ${serviceId} at ${address}`);
    } else if (own.length > 0) say(`the catalogue has ${own.map((entry) => entry.serviceId).join(", ")}`);
    const held = rows?.filter((row) => row.node_id === nodeId);
    if (held && state === "ACTIVE" && held.length !== 1) say(`node_registrations has ${held.length} rows`);
    for (const row of held ?? []) {
      if (row.status !== state) say(`its row says ${row.status}`);
      if (row.version > seq) say(`its row is of version ${row.version}, the log ends at ${seq}`);
    }
  }
  for (const { serviceId, nodeId } of services)
    if (!lives.has(nodeId)) broken.push(`G10 ${serviceId}: in the catalogue, and no event speaks of it`);
  for (const { node_id } of rows ?? [])
    if (!lives.has(node_id)) broken.push(`G10 ${node_id}: in node_registrations, and no event speaks of it`);
  return broken;
}
