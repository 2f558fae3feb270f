import { z } from "zod";
import { intent } from "../../../runtime/core/intent.ts";
import { NODE_TYPES } from "./fields.ts";
import { RegisteredNode } from "./registered-node.ts";

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
