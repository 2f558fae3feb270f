import { z } from "zod";
import type { PayloadOf } from "../../../runtime/core/message.ts";
import { toRfc3339 } from "../../../runtime/core/time.ts";
import { NODE_TYPES } from "./fields.ts";
import type { NodeIntrospectionEvent } from "./node-introspection-event.ts";

/** A node's description in canonical form. Unknown fields are kept unchanged. */
export const RegisteredNode = z
  .looseObject({
    node_id: z.string().meta({ example: "payments-1" }),
    node_type: z.enum(NODE_TYPES),
    node_version: z.string().meta({ example: "1.2.3" }),
    node_name: z.string().optional(),
    node_role: z.string().optional(),
    capabilities: z
      .array(z.string())
      .meta({ description: "without repeats, in the order given", example: ["payments.capture"] }),
    endpoints: z.record(z.string(), z.string()).meta({
      description: "name to URL; the first is registered in the catalog",
      example: { api: "http://10.0.0.7:8080" },
    }),
    health_endpoint: z.string().optional(),
    metadata: z.record(z.string(), z.string()),
    epoch: z.int().min(0).optional().describe("rises with each start of the node's process"),
    introspected_at: z.iso.datetime(),
  })
  .describe("the node's description of itself, and its time");
export type RegisteredNode = z.infer<typeof RegisteredNode>;

/** The node that an accepted introspection describes; `now` is the message's event time, ms. */
export function nodeOf(introspection: PayloadOf<typeof NodeIntrospectionEvent>, now: number): RegisteredNode {
  const { correlation_id: _request, timestamp: _sent, reason: _why, ...node } = introspection;
  // The payload is canonical since its definition's `normalize`, which its type does not show. A second spread would
  // take three times as long as all of this.
  return Object.assign(node, { introspected_at: toRfc3339(now) }) as unknown as RegisteredNode;
}
