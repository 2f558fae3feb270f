import { Partitioners } from "kafkajs";
import { type Envelope, envelopeOf, type Evidence, groupedBy, type PublishedRecord } from "./evidence.ts";
import { judgeAgreement } from "./judge-agreement.ts";
import { judgeDeadlines } from "./judge-deadlines.ts";
import { judgeEnvelopes } from "./judge-envelopes.ts";
import { judgeInputs } from "./judge-inputs.ts";
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
    ...judgeDeadlines(evidence),
    ...judgeInputs(evidence),
  ];
  const lives = new Map<string, Life>();
  for (const [nodeId, records] of groupedBy(evidence.records, nodeOf)) {
    broken.push(...judgeOrder(nodeId, records, evidence.partitions).map((what) => `G4 ${nodeId}: ${what}`));
    const life = judgeLife(distinct(records));
    broken.push(...life.broken.map((what) => `${what} (${nodeId})`));
    lives.set(nodeId, life);
  }
  return [...broken, ...judgeAgreement(evidence, lives)];
}

const nodeOf = (record: PublishedRecord): string => String(envelopeOf(record).payload["entity_id"]);
const seqOf = ({ payload }: Envelope): number => Number(payload["entity_seq"]);

/** Each event once, by its number. */
function distinct(records: readonly PublishedRecord[]): Envelope[] {
  const envelopes = new Map(records.map((record) => [envelopeOf(record).envelope_id, envelopeOf(record)]));
  return [...envelopes.values()].sort((a, b) => seqOf(a) - seqOf(b));
}

/** A repeat has the same id and the same bytes, and one event has one id. */
function judgeRepeats(records: readonly PublishedRecord[]): string[] {
  const first = new Map<string, string>();
  const idOf = new Map<string, string>();
  const content = ({ value, kafka }: PublishedRecord): string =>
    JSON.stringify([value, kafka?.topic, kafka?.key, Object.entries(kafka?.headers ?? {}).sort()]);
  return records.flatMap((record) => {
    const { envelope_id: id, payload_type: type, payload } = envelopeOf(record);
    const known = first.get(id);
    if (known !== undefined) return known === content(record) ? [] : [`G3 ${type} ${id}: a repeat with other bytes`];
    first.set(id, content(record));
    const event = `${nodeOf(record)}: ${type} (${String(payload["entity_seq"])})`;
    const other = idOf.get(event);
    idOf.set(event, id);
    return other === undefined ? [] : [`G3 ${event} has two ids, ${other} and ${id}`];
  });
}

// Kafka's own default partitioner, by another author than ours.
const partitioner = Partitioners.DefaultPartitioner();

function judgeOrder(nodeId: string, records: readonly PublishedRecord[], partitions: number | undefined): string[] {
  const broken: string[] = [];
  const partitionMetadata = Array.from({ length: partitions ?? 0 }, (_, partitionId) => ({
    partitionId,
    leader: 1,
    partitionErrorCode: 0,
    replicas: [],
    isr: [],
  }));
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
