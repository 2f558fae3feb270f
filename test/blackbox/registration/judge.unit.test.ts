import { describe, expect, it } from "vitest";
import { v4 } from "uuid";
import type { Envelope, InputRecord, PublishedRecord } from "../evidence.ts";
import { judge } from "./judge.ts";
import type { NodeEvidence } from "./world.ts";

// Kafka's murmur2 gives n1 this one of four partitions.
const HOME = 2;
const ATTEMPT = "6b1d7c1e-4d58-5a38-9df0-0d3a4a3b7c11";
const CORRELATION = "0d8f6a52-13f5-4f52-9a6e-8f5f0f4c1a77";
const NODE = { node_id: "n1", node_type: "effect", endpoints: { http: "http://n1.test:8080" } };
const time = (second: number): string => `2026-01-01T00:00:${String(second).padStart(2, "0")}.000Z`;
type Fields = Readonly<Record<string, unknown>>;

/** An event as the protocol prescribes it. */
function record(seq: number, type: string, payload: Fields = {}, second = seq): PublishedRecord {
  const parent = v4();
  const envelope: Envelope = {
    envelope_id: v4(),
    envelope_timestamp: time(seq),
    correlation_id: CORRELATION,
    parent_envelope_id: parent,
    event_type: `registration.${type.replace(/([a-z])([A-Z])/g, "$1-$2").toLowerCase()}`,
    payload_type: type,
    payload_schema_version: { major: 1, minor: 0, patch: 0 },
    source_tool: "rollcall",
    payload: {
      entity_id: "n1",
      node_id: "n1",
      correlation_id: CORRELATION,
      causation_id: parent,
      registration_attempt_id: ATTEMPT,
      attempt: 1,
      entity_seq: seq,
      emitted_at: time(seq),
      ...payload,
    },
  };
  return { ...logged(envelope, seq), atMs: Date.parse(time(second)) };
}

function logged(envelope: Envelope, offset: number, more: Partial<PublishedRecord["kafka"]> = {}): PublishedRecord {
  const { envelope_id: id, event_type: type, envelope_timestamp: timestamp } = envelope;
  const headers = {
    "content-type": "application/json",
    correlation_id: envelope.correlation_id,
    message_id: id,
    event_type: type,
    timestamp,
    source: "rollcall",
    ce_specversion: "1.0",
    ce_id: id,
    ce_type: type,
    ce_source: "rollcall",
    ce_time: timestamp,
    ce_subject: "n1",
  };
  return {
    value: JSON.stringify(envelope),
    atMs: Date.parse(timestamp),
    kafka: { topic: envelope.payload_type, partition: HOME, offset, key: "n1", headers, ...more },
  };
}

/** What a node sent, as it lies in its own partition. */
function sent(type: string, second: number, payload: Fields = {}): InputRecord & { readonly id: string } {
  const id = v4();
  const value = JSON.stringify({
    envelope_id: id,
    envelope_timestamp: time(second),
    payload: { node_id: "n1", ...payload },
  });
  return {
    id,
    type,
    topic: type,
    partition: HOME,
    offset: second,
    atMs: Date.parse(time(second)),
    value: Buffer.from(value),
  };
}

const introspection = sent("NodeIntrospectionEvent", 0);
const ack = sent("NodeRegistrationAcked", 2, { registration_attempt_id: ATTEMPT });
const poison: InputRecord = { ...introspection, offset: 7, value: Buffer.from("{") };
/** The dead letter of a record, with the headers of its topic. */
const deadLetterOf = (
  { topic, partition, offset, value }: InputRecord,
  more: Readonly<Record<string, string>> = {},
) => ({
  key: null,
  value,
  headers: { dlq_topic: topic, dlq_partition: String(partition), dlq_offset: String(offset), ...more },
});

const caused = (by: { readonly id: string }, original: PublishedRecord): PublishedRecord =>
  forged(original, { causation_id: by.id }, { parent_envelope_id: by.id });
const initiated = caused(introspection, record(1, "NodeRegistrationInitiated", { supersedes: null, node: NODE }));
const accepted = record(2, "NodeRegistrationAccepted", { ack_deadline: time(32) });
const ackReceived = caused(ack, record(3, "NodeRegistrationAckReceived", { liveness_deadline: time(33) }));
const active = caused(ack, record(4, "NodeBecameActive", { liveness_deadline: time(33) }));
const registered = [initiated, accepted, ackReceived, active] as const;
const service = {
  serviceId: "onex-effect-n1",
  nodeId: "n1",
  address: "n1.test",
  port: 8080,
  tags: [],
  passing: true,
  note: "",
  version: 4,
};
const row = { node_id: "n1", status: "ACTIVE", version: 4, node_type: "effect", endpoints: {} };
const honest: NodeEvidence = {
  records: registered,
  partitions: 4,
  registrations: [{ node_id: "n1", state: "ACTIVE", entity_seq: 4 }],
  rows: [row],
  services: [service],
  inputs: [introspection, ack, poison],
  deadLetters: [deadLetterOf(poison)],
  taken: new Set([introspection.id, ack.id]),
  suspects: new Set(["{"]),
  poison: [`${poison.topic}[${HOME}]@7`],
  foreign: { planted: ["web-1"], found: ["web-1"] },
};

/** The record with a changed envelope or payload. */
function forged(original: PublishedRecord, payload: Fields, envelope: Partial<Envelope> = {}): PublishedRecord {
  const known = JSON.parse(original.value) as Envelope;
  return logged({ ...known, ...envelope, payload: { ...known.payload, ...payload } }, original.kafka?.offset ?? 0);
}

const moved = (original: PublishedRecord, more: Partial<PublishedRecord["kafka"]>): PublishedRecord =>
  logged(JSON.parse(original.value) as Envelope, 9, more);

describe("the judge", () => {
  it("finds nothing wrong with a correct system", () => expect(judge(honest)).toEqual([]));

  it("allows a repeat with the same bytes", () =>
    expect(judge({ ...honest, records: [...registered, accepted] })).toEqual([]));

  it("allows a deadline that fired in time and after its grace", () => {
    const records = [
      ...registered,
      record(5, "NodeLivenessExpired", { deadline_at: time(33), last_heartbeat_at: null, emitted_at: time(33) }, 34),
    ];
    const at = { node_id: "n1", state: "LIVENESS_EXPIRED", entity_seq: 5 };
    const gone = { records, services: [], rows: [{ ...row, status: at.state, version: 5 }], registrations: [at] };
    const outages = [{ fromMs: Date.parse(time(5)), toMs: Date.parse(time(5)) + 2_000 }];
    expect(judge({ ...honest, ...gone, outages, lateMsMax: 2_000 })).toEqual([]);
  });

  const expired = (second: number, more: Fields = {}): PublishedRecord =>
    record(
      5,
      "NodeLivenessExpired",
      { deadline_at: time(33), last_heartbeat_at: null, emitted_at: time(33), ...more },
      second,
    );
  const timedOut = record(3, "NodeRegistrationAckTimedOut", { deadline_at: time(32), emitted_at: time(32) }, 33);
  const ended = record(5, "NodeLivenessExpired", { deadline_at: time(20), emitted_at: time(40) });
  const lies: Readonly<Record<string, readonly [lie: Partial<NodeEvidence>, broken: RegExp]>> = {
    "an introspection that left no trace": [
      { inputs: [...(honest.inputs ?? []), sent("NodeIntrospectionEvent", 5)] },
      /^G1 n1: its introspection .* left no trace/,
    ],
    "an introspection that was journaled and began nothing": [
      {
        inputs: [introspection],
        taken: new Set([introspection.id]),
        records: [],
        registrations: [],
        rows: [],
        services: [],
      },
      /^G1 n1: its introspection .* began no attempt/,
    ],
    "an attempt that ends twice": [
      { records: [...registered, expired(34), record(6, "NodeDeregistered", {}, 35)] },
      /^G2 NodeDeregistered 6 of n1: a second end, behind LIVENESS_EXPIRED/,
    ],
    "a deadline that fires twice": [
      {
        records: [
          ...registered,
          expired(34),
          record(6, "NodeLivenessExpired", { deadline_at: time(33), emitted_at: time(33) }, 35),
        ],
      },
      /^G2 NodeLivenessExpired 6 of n1: a second end/,
    ],
    "an event that is published twice, under two ids": [
      { records: [...registered, forged(active, {}, { envelope_id: v4() })] },
      /^G3 NodeBecameActive 4 of n1: has two ids/,
    ],
    "an ACK that nobody sent": [{ inputs: [introspection, poison] }, /^G5 NodeRegistrationAckReceived 3 of n1: no ACK/],
    "an ACK of another attempt that activates": [
      {
        inputs: [introspection, poison, sent("NodeRegistrationAcked", 2, { registration_attempt_id: v4() })].map(
          (each) =>
            each.type === ack.type
              ? {
                  ...each,
                  value: Buffer.from(String(each.value).replace(/"envelope_id":"[^"]*"/, `"envelope_id":"${ack.id}"`)),
                }
              : each,
        ),
      },
      /^G5 NodeRegistrationAckReceived 3 of n1: its ACK is of another attempt/,
    ],
    "a row that something older has written over": [
      { rows: [{ ...row, version: 1 }] },
      /^G6 n1 .* its row is of version 1, 4 was written/,
    ],
    "a service that something older has written over": [
      { services: [{ ...service, version: 1 }] },
      /^G6 n1 .* its service is of version 1, 4 was written/,
    ],
    "a deadline that fires late though all was well": [
      { records: [...registered, expired(36)], lateMsMax: 2_000 },
      /^G7 NodeLivenessExpired 5 of n1: fired 3000 ms late/,
    ],
    "an ACK in time that did not count": [
      { records: [initiated, accepted, timedOut] },
      /^G8 NodeRegistrationAckTimedOut 3 of n1: NodeRegistrationAcked .* lay in the log before/,
    ],
    "a heartbeat in time that did not count": [
      { records: [...registered, expired(34)], inputs: [introspection, ack, poison, sent("NodeHeartbeatEvent", 10)] },
      /^G8 NodeLivenessExpired 5 of n1: a heartbeat of .* lay in the log before/,
    ],
    "a node that is expired although it sends heartbeats": [
      {
        records: [...registered, expired(50, { last_heartbeat_at: time(3) })],
        inputs: [introspection, ack, poison, sent("NodeHeartbeatEvent", 40)],
      },
      /^G8 NodeLivenessExpired 5 of n1: it has sent a heartbeat 10000 ms before/,
    ],
    "an outage of ours that is counted against a node": [
      { records: [...registered, expired(34)], outages: [{ fromMs: Date.parse(time(5)), toMs: Date.parse(time(30)) }] },
      /^G9 NodeLivenessExpired 5 of n1: the service was out of reach for 25000 ms, until 4000 ms before/,
    ],
    "a foreign entry that is gone": [
      { foreign: { planted: ["web-1"], found: [] } },
      /^G10 a foreign entry was touched: web-1/,
    ],
    "poison that is in no dead letter": [{ deadLetters: [] }, /^G11 .*@7: it can't be processed/],
    "a good message in the dead letters": [
      { deadLetters: [deadLetterOf(poison), deadLetterOf(introspection, { dlq_error_code: "CORE_ERROR" })] },
      /^G11 .*@0: a good message was dead-lettered \(CORE_ERROR/,
    ],
    "a dead letter in two versions": [
      { deadLetters: [deadLetterOf(poison), deadLetterOf(poison, { dlq_at: time(9) })] },
      /^G11 .*@7: dead-lettered twice/,
    ],
    "a dead letter with other bytes": [
      { deadLetters: [{ ...deadLetterOf(poison), value: Buffer.from("}") }] },
      /^G11 .*@7: its dead letter has other bytes/,
    ],
    "a dead letter of nothing": [
      { deadLetters: [deadLetterOf(poison), deadLetterOf({ ...poison, offset: 8 })] },
      /^G11 .*@8: dead-lettered, and nothing lies there/,
    ],
    "a repeat with other bytes": [
      { records: [...registered, forged(accepted, { service_id: "another" })] },
      /^G3 NodeRegistrationAccepted 2 of n1: a repeat with other bytes/,
    ],
    "an event that was lost": [{ records: [initiated, accepted, active] }, /^G4 NodeBecameActive 4 of n1: follows 2/],
    "two events with one number": [
      { records: [...registered, forged(active, {}, { envelope_id: v4() })] },
      /^G4 NodeBecameActive 4 of n1: follows 4/,
    ],
    "an event in another node's partition": [
      { records: [initiated, moved(accepted, { partition: 0 }), ackReceived, active] },
      /^G4 NodeRegistrationAccepted 2 of n1: lies in partition 0/,
    ],
    "events of a topic out of order": [
      {
        records: [record(6, "NodeUpdated", { node: NODE }), ...registered, record(5, "NodeUpdated", { node: NODE })],
      },
      /^G4 NodeUpdated 5 of n1: lies behind 6/,
    ],
    "an acceptance without its cause": [
      { records: [forged(accepted, { entity_seq: 1 })] },
      /^G5 NodeRegistrationAccepted 1 of n1: comes in null/,
    ],
    "an activation without an ACK": [
      { records: [initiated, accepted, forged(active, { entity_seq: 3 })] },
      /^G5 NodeBecameActive 3 of n1: comes in ACCEPTED/,
    ],
    "an event of another attempt": [
      { records: [initiated, forged(accepted, { registration_attempt_id: v4() }), ackReceived, active] },
      /^G5 NodeRegistrationAccepted 2 of n1: is of another attempt/,
    ],
    "an attempt that begins while one runs, and does not say so": [
      {
        records: [
          ...registered,
          record(5, "NodeRegistrationInitiated", {
            supersedes: null,
            registration_attempt_id: v4(),
            attempt: 2,
            node: NODE,
          }),
        ],
      },
      /^G2 NodeRegistrationInitiated 5 of n1: supersedes null/,
    ],
    "an attempt without an end": [{ records: [initiated] }, /^G2 n1 .* its attempt has not come to an end/],
    "a deadline that fired early": [{ records: [...registered, ended] }, /^G7 NodeLivenessExpired 5 of n1: fired by/],
    "an expiry emitted before its deadline": [
      { records: [...registered, record(5, "NodeLivenessExpired", { deadline_at: time(50) })] },
      /^G7 NodeLivenessExpired 5 of n1: emitted at/,
    ],
    "an expiry published before its deadline": [
      { records: [...registered, { ...ended, atMs: Date.parse(time(19)) }] },
      /^G7 NodeLivenessExpired 5 of n1: fired 1000 ms too early/,
    ],
    "a service that is missing": [{ services: [] }, /^G10 n1 .* the catalog has \[\]/],
    "a service that is there twice": [{ services: [service, service] }, /^G10 n1 .* the catalog has/],
    "a service that does not pass": [{ services: [{ ...service, passing: false }] }, /^G10 n1 .* the catalog has/],
    "a service at another address": [{ services: [{ ...service, port: 1 }] }, /^G10 n1 .* the catalog has/],
    "a service of nobody": [
      { services: [service, { ...service, serviceId: "onex-effect-n2", nodeId: "n2" }] },
      /^G10 onex-effect-n2: in the catalog/,
    ],
    "a row that is missing": [{ rows: [] }, /^G10 n1 .* node_registrations has 0 rows/],
    "a row of another state": [{ rows: [{ ...row, status: "AWAITING_ACK" }] }, /^G10 n1 .* its row says AWAITING_ACK/],
    "a row of the future": [{ rows: [{ ...row, version: 5 }] }, /^G10 n1 .* its row is of version 5/],
    "a row of nobody": [{ rows: [row, { ...row, node_id: "n2" }] }, /^G10 n2: in node_registrations/],
    "a registration that says something else": [
      { registrations: [{ node_id: "n1", state: "AWAITING_ACK", entity_seq: 2 }] },
      /^G10 n1 .* it is said to be in AWAITING_ACK/,
    ],
    "an envelope that names another cause than its payload": [
      { records: [forged(initiated, { causation_id: v4() }), accepted, ackReceived, active] },
      /causation_id is not the parent/,
    ],
    "headers that do not fit the envelope": [
      {
        records: [
          moved(initiated, { headers: { ...initiated.kafka?.headers, message_id: v4() } }),
          ...registered.slice(1),
        ],
      },
      /header message_id is/,
    ],
    "no CloudEvent": [
      { records: [moved(initiated, { headers: { ...initiated.kafka?.headers, ce_id: "" } }), ...registered.slice(1)] },
      /CloudEvent/,
    ],
    "another key": [{ records: [moved(initiated, { key: "n2" }), ...registered.slice(1)] }, /the key is n2/],
  };

  it.each(Object.entries(lies))("finds %s", (_, [lie, broken]) =>
    expect(judge({ ...honest, ...lie })).toContainEqual(expect.stringMatching(broken)),
  );

  it("is shown a breach of each promise that outsiders can see", () => {
    const named = Object.values(lies).map(([, { source }]) => /^\^(G\d+)/.exec(source)?.[1]);
    const promises = Array.from({ length: 11 }, (_, index) => `G${index + 1}`);
    expect(promises.filter((promise) => !named.includes(promise))).toEqual([]);
  });
});
