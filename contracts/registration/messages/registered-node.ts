import { z } from "zod";
import type { PayloadOf } from "../../../runtime/core/message.ts";
import { toRfc3339 } from "../../../runtime/core/time.ts";
import { NODE_TYPES } from "./fields.ts";
import type { NodeIntrospectionEvent } from "./node-introspection-event.ts";

/** All that a node told about itself, in canonical form, and when. Unknown fields are kept as they came. */
export const RegisteredNode = z.looseObject({
  node_id: z.string(),
  node_type: z.enum(NODE_TYPES),
  node_version: z.string(),
  node_name: z.string().optional(),
  node_role: z.string().optional(),
  /** Without repeats, in the order given. */
  capabilities: z.array(z.string()),
  /** Name to URL; the first is what Consul is told. */
  endpoints: z.record(z.string(), z.string()),
  health_endpoint: z.string().optional(),
  metadata: z.record(z.string(), z.string()),
  /** Rises with each start of the node's process. */
  epoch: z.int().min(0).optional(),
  introspected_at: z.iso.datetime(),
});
export type RegisteredNode = z.infer<typeof RegisteredNode>;

/** The node that an accepted introspection describes; `now` is the message's event time, ms. */
export function nodeOf(introspection: PayloadOf<typeof NodeIntrospectionEvent>, now: number): RegisteredNode {
  const { correlation_id: _request, timestamp: _sent, reason: _why, ...node } = introspection;
  // Canonical since the message was taken: its definition's `normalize` did that, which types can't tell.
  return { ...node, introspected_at: toRfc3339(now) } as unknown as RegisteredNode;
}
