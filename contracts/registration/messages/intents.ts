import { z } from "zod";
import { intent } from "../../../runtime/core/intent.ts";
import { NODE_TYPES } from "./fields.ts";
import { RegisteredNode } from "./registered-node.ts";

/** What `?passing` finds is ready for work; the note says why a node is not. */
export const Check = z.object({ status: z.enum(["passing", "critical"]), note: z.string() });
export type Check = z.infer<typeof Check>;

/** The service as Consul is to hold it. */
export const ConsulRegister = intent("consul.register", {
  service_id: z.string(),
  service_name: z.string(),
  tags: z.array(z.string()),
  /** Of the first endpoint; null without one. */
  address: z.string().nullable(),
  /** Null too when the first endpoint's URL names none. */
  port: z.int().min(1).max(65_535).nullable(),
  check: Check,
});

/** The service's check alone. */
export const ConsulSetStatus = intent("consul.set_status", {
  service_id: z.string(),
  status: Check.shape.status,
  note: z.string(),
});

/** Done when Consul does not have the service, whoever removed it. */
export const ConsulDeregister = intent("consul.deregister", { service_id: z.string() });

/** The node's row, whole. `status` is the orchestrator's state. */
export const PostgresUpsertRegistration = intent("postgres.upsert_registration", {
  node_id: z.string(),
  node_type: z.enum(NODE_TYPES),
  node_version: z.string(),
  node_name: z.string().nullable(),
  endpoints: RegisteredNode.shape.endpoints,
  capabilities: RegisteredNode.shape.capabilities,
  metadata: RegisteredNode.shape.metadata,
  status: z.string(),
});

/** How the row's node fares. A null time says that none is known: the row keeps its `last_heartbeat_at`. */
export const PostgresUpdateRegistration = intent("postgres.update_registration", {
  node_id: z.string(),
  status: z.string(),
  last_heartbeat_at: z.iso.datetime().nullable(),
  liveness_deadline: z.iso.datetime().nullable(),
});
