import { z } from "zod";
import { OutOfService } from "../../../contracts/node-registry/messages/fields.ts";

const time = z.iso.datetime();
const count = z.int().min(0);

const Decision = z.object({ by: z.string(), reason: z.string().nullable(), since: time });
const Lease = z.object({
  ttl_seconds: z.number().describe("how long a beat counts"),
  next_heartbeat_at: time.describe("when the next one should come"),
});
const Status = z.enum(["online", "offline", "maintenance", "draining", "revoked"]);
const lastHeartbeat = time.nullable().describe("null until one came");

/** A node as it is shown, alone and in lists. */
export const NodeBody = z.object({
  node_id: z.string(),
  ...{ hostname: z.string(), ip: z.string().nullable(), role: z.string(), labels: z.array(z.string()) },
  status: Status.describe("online: it gets work"),
  last_heartbeat: lastHeartbeat,
  metadata: z.record(z.string(), z.unknown()),
  ...{ created_at: time.nullable(), updated_at: time.nullable() },
  lease: Lease.nullable().describe("null while it is not alive"),
  silent: z.object({ since: time, why: z.string() }).nullable(),
  taken_out: Decision.extend({ mode: OutOfService }).nullable().describe("by an operator"),
  says: z.object({ mode: OutOfService, since: time }).nullable().describe("by the node itself"),
  revoked: Decision.nullable(),
});

export type NodeBody = z.infer<typeof NodeBody>;

export const HeartbeatBody = z.object({
  ...{ node_id: z.string(), status: Status, last_heartbeat: lastHeartbeat, lease: Lease.nullable() },
});

/** All of them, or how many there are and a part of them. */
export const listOf = (nodes: z.ZodType): z.ZodType => z.union([nodes, z.object({ nodes, total: count })]);

export const ProfileBody = z.object({
  ...{ role: z.string(), config: z.record(z.string(), z.unknown()), changed_by: z.string().nullable() },
  ...{ created_at: time.nullable(), updated_at: time.nullable() },
});

export const HealthBody = z.object({
  ...{ status: z.enum(["healthy", "unhealthy"]), service: z.string(), version: z.string() },
  database: z.object({ connected: z.boolean(), host: z.string(), port: z.int() }),
  uptime_seconds: count,
});

export const MetricsBody = z.object({
  ...{ service: z.string(), uptime_seconds: count, total_nodes: count, active_nodes: count, timestamp: time },
});

export const InfoBody = z.object({
  ...{ service: z.string(), version: z.string(), status: z.enum(["running", "starting"]) },
  endpoints: z.array(z.string()),
});
