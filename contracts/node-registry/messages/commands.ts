import { z } from "zod";
import { derivedId } from "../../../runtime/core/ids.ts";
import { message, type Json, type Payload } from "../../../runtime/core/message.ts";
import {
  CorrelationId,
  Hostname,
  Ip,
  Labels,
  Metadata,
  NodeId,
  OutOfService,
  Role,
  SaidStatus,
  SentAt,
  Who,
  Why,
} from "./fields.ts";

const sent = { timestamp: SentAt, correlation_id: CorrelationId };

const REGISTER_SHAPE = {
  node_id: NodeId.nullish(),
  hostname: Hostname,
  ip: Ip.nullish(),
  role: Role,
  labels: Labels.nullish(),
  capabilities: z
    .union([Labels, Metadata])
    .nullish()
    .describe("a list: labels, where there are none; an object: part of the metadata"),
  metadata: Metadata.nullish(),
  ...sent,
};

/** A node announces itself, in either of two vocabularies. What the shape does not know goes into its metadata. */
export const RegisterNode = message("RegisterNode", REGISTER_SHAPE, {
  description: "A node announces itself, or a change. It is alive.",
  aliases: { hostname: ["node_name"], role: ["node_role"], ip: ["ip_address", "local_ip"] },
  normalize: canonicalRegistration,
});

/** The canonical form has `node_id`, `hostname`, `ip` or null, `role`, `labels` and `metadata`, and nothing else. */
function canonicalRegistration({ node_id, hostname, ip, role, labels, ...more }: Payload): Payload {
  const { capabilities, metadata, timestamp, correlation_id, ...unknown } = more;
  const isList = Array.isArray(capabilities);
  const given = (labels ?? (isList ? capabilities : [])) as readonly string[];
  return {
    node_id: node_id ?? derivedNodeId(String(hostname), String(role)),
    hostname,
    ip: ip ?? null,
    role,
    labels: [...new Set(given)],
    metadata: joined(unknown, isList ? undefined : capabilities, metadata),
    ...(timestamp != null && { timestamp }),
    ...(correlation_id != null && { correlation_id }),
  };
}

/** One that gives no id is the same node whenever it comes from the same host in the same role. */
export const derivedNodeId = (hostname: string, role: string): string => derivedId("node_registry", hostname, role);

/** The later parts win. `__proto__` is dropped: a copy that assigns its keys would set its prototype. */
function joined(...parts: readonly (Json | undefined)[]): Payload {
  const entries = parts.flatMap((part) => Object.entries((part as Payload | null | undefined) ?? {}));
  return Object.fromEntries(entries.filter(([key, value]) => key !== "__proto__" && value != null));
}

const METRICS_LENGTH_MAX = 4_096;
const HeartbeatMetrics = z
  .record(z.string(), z.json())
  .refine((value) => JSON.stringify(value).length <= METRICS_LENGTH_MAX, `at most ${METRICS_LENGTH_MAX} characters`)
  .meta({ description: "its load, as it likes: kept in the log of heartbeats", example: { cpu_percent: 12.5 } });

export const NodeHeartbeat = message(
  "NodeHeartbeat",
  { node_id: NodeId, status: SaidStatus.nullish(), metrics: HeartbeatMetrics.nullish(), ...sent },
  {
    description: "A node is alive, and says how it is.",
    normalize: (payload) => {
      const given = Object.fromEntries(Object.entries(payload).filter(([, value]) => value != null));
      return "status" in given ? { ...given, status: String(given["status"]).toLowerCase() } : given;
    },
  },
);

const decidedBy = { by: Who.describe("who decides it"), reason: Why.nullish(), ...sent };

export const TakeNodeOut = message(
  "TakeNodeOut",
  { node_id: NodeId, mode: OutOfService, ...decidedBy },
  { description: "An operator takes a node out of service. That stays until an operator ends it." },
);
export const ReturnNode = message(
  "ReturnNode",
  { node_id: NodeId, ...decidedBy },
  { description: "An operator puts a node back into service." },
);
export const RevokeNode = message(
  "RevokeNode",
  { node_id: NodeId, ...decidedBy },
  { description: "A node is no longer one of us: it is not taken back until it is readmitted." },
);
export const ReadmitNode = message(
  "ReadmitNode",
  { node_id: NodeId, ...decidedBy },
  { description: "A node that was revoked may register again." },
);
