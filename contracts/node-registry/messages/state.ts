import { z } from "zod";
import { DescribedNode } from "./events.ts";
import { OutOfService } from "./fields.ts";

const Decision = z.object({ by: z.string(), reason: z.string().nullable(), since: z.iso.datetime() });

/** The entity's data. Whether the node is alive is the orchestrator's state; times are RFC 3339. */
export const NodeState = z.object({
  node: DescribedNode.nullable().default(null),
  created_at: z.iso.datetime().nullable().default(null),
  /** Of the last change of what the node or an operator says of it. */
  updated_at: z.iso.datetime().nullable().default(null),
  /** While its lease runs the lease tells of later ones. */
  last_heartbeat_at: z.iso.datetime().nullable().default(null),
  /** By an operator, whose word stays until an operator ends it. */
  taken_out: Decision.extend({ mode: OutOfService }).nullable().default(null),
  /** By the node itself, until its next word without it. */
  said: z.object({ mode: OutOfService, since: z.iso.datetime() }).nullable().default(null),
  /** Why it is silent. */
  silent_because: z.string().nullable().default(null),
  revoked: Decision.nullable().default(null),
});
export type NodeState = z.infer<typeof NodeState>;
