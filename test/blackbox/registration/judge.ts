import { groupBy } from "../../../runtime/shell/group-by.ts";
import type { Report } from "../../promises/promises.ts";
import { NodeJudge, type NodeWitness } from "../../promises/registration/node-judge.ts";
import { judgeNodesAtRest, type NodesAtRest } from "../../promises/registration/nodes-at-rest.ts";
import { envelopeOf } from "../evidence.ts";
import { type InputMessage, messagesIn } from "../inputs.ts";
import { CLOCKS_MS, judgeEvents } from "../judge.ts";
import { judgeInputs } from "./judge-inputs.ts";
import { REGISTRATION } from "./public-domain.ts";
import type { NodeEvidence } from "./world.ts";

/** @returns what was broken, with the promise's id; empty when all was kept */
export function judge(evidence: NodeEvidence): readonly string[] {
  const messages = messagesIn(evidence, REGISTRATION.idField);
  const broken = judgeInputs(evidence, messages);
  const report: Report = (promise, what) => void broken.push(`${promise} ${what}`);
  const nodes = judgeEvents(
    evidence,
    REGISTRATION,
    broken,
    (events) => new NodeJudge(events, witnessOf(evidence, messages)),
  );
  judgeNodesAtRest(nodes, atRestOf(evidence), report);
  for (const entry of evidence.foreign?.planted ?? [])
    if (!evidence.foreign?.found.includes(entry)) report("G10", `a foreign entry was touched: ${entry}`);
  return broken;
}

function witnessOf(
  { records, outages = [], lateMsMax }: NodeEvidence,
  messages: readonly InputMessage[] | undefined,
): NodeWitness {
  const times = { clocksMs: CLOCKS_MS, outages: () => outages, ...(lateMsMax !== undefined && { lateMsMax }) };
  if (!messages) return times;
  const acks = new Map(
    messages.flatMap((each) => (each.record.type === "NodeRegistrationAcked" ? [[each.id, each]] : [])),
  );
  const withoutIds = new Set(messages.flatMap(({ id, entityId }) => (id === undefined ? [entityId] : [])));
  const partitions = new Map(
    records.map((each) => [String(envelopeOf(each).payload["entity_id"]), each.kafka?.partition]),
  );
  const heartbeats = groupBy(
    messages.filter(
      ({ record, entityId }) => record.type === "NodeHeartbeatEvent" && record.partition === partitions.get(entityId),
    ),
    ({ entityId }) => entityId,
  );
  return {
    ...times,
    ack(messageId, entityId) {
      if (withoutIds.has(entityId)) return "unknown";
      const ack = acks.get(messageId);
      const { registration_attempt_id: attemptId, correlation_id: correlationId } = ack?.payload ?? {};
      return ack && { entityId: ack.entityId, attemptId, correlationId };
    },
    heartbeats: (entityId) =>
      (heartbeats.get(entityId) ?? []).map(({ record, eventTimeMs }) => ({ atMs: record.atMs, eventMs: eventTimeMs })),
  };
}

const atRestOf = ({ registrations, services, rows }: NodeEvidence): NodesAtRest => ({
  entities: new Map(registrations.map(({ node_id, state, entity_seq: seq }) => [node_id, { state, seq }])),
  services: services.map(({ serviceId, nodeId, address, port, passing, version }) => ({
    serviceId,
    entityId: nodeId,
    address: `${address}:${port}`,
    isPassing: passing,
    ...(version !== undefined && { version }),
  })),
  ...(rows && { rows: rows.map(({ node_id, status, version }) => ({ entityId: node_id, status, version })) }),
});
