import { z } from "zod";
import { intent } from "../../../runtime/core/intent.ts";
import { NODE_TYPES } from "./fields.ts";
import { RegisteredNode } from "./registered-node.ts";

/** A service is passing when its node is ready for work; the note gives the reason for the status. */
export const Check = z.object({ status: z.enum(["passing", "critical"]), note: z.string() });
export type Check = z.infer<typeof Check>;

/** Registers the service in Consul, with its check. */
export const ConsulRegister = intent("consul.register", {
  service_id: z.string(),
  service_name: z.string(),
  tags: z.array(z.string()),
  /** Of the first endpoint; null without one. */
  address: z.string().nullable(),
  /** Null without an endpoint, and when the first endpoint's URL has no port. */
  port: z.int().min(1).max(65_535).nullable(),
  check: Check,
});

/** Sets the status of the service's check. */
export const ConsulSetStatus = intent("consul.set_status", {
  service_id: z.string(),
  status: Check.shape.status,
  note: z.string(),
});

/** Removes the service; done when Consul does not have it. */
export const ConsulDeregister = intent("consul.deregister", { service_id: z.string() });

/** Writes every column of the node's row. `status` is the orchestrator's state. */
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

/** Writes status and times of the node's row. With null, the row keeps its `last_heartbeat_at`. */
export const PostgresUpdateRegistration = intent("postgres.update_registration", {
  node_id: z.string(),
  status: z.string(),
  last_heartbeat_at: z.iso.datetime().nullable(),
  liveness_deadline: z.iso.datetime().nullable(),
});
