import { z } from "zod";
import { message } from "../../../runtime/core/message.ts";
import { Hostname, Labels, Metadata, OutOfService, Role, Who, Why } from "./fields.ts";

/** A node as it has described itself. */
export const DescribedNode = z
  .object({
    hostname: Hostname,
    ip: z.string().nullable(),
    role: Role,
    labels: Labels,
    metadata: Metadata,
  })
  .describe("the node, as it has described itself");
export type DescribedNode = z.infer<typeof DescribedNode>;

/** Who watches a role hears of all that becomes of its nodes. */
const role = Role.describe("of the node");
const described = {
  role,
  previous_role: z.string().nullable().describe("of the node before, where it was another one: it has left that one"),
  node: DescribedNode,
};
const decided = { role, by: Who, reason: z.string().nullable() };

export const NodeRegistered = message(
  "NodeRegistered",
  { ...described, previous_hostname: z.string().nullable().describe("of the host that had its id before") },
  { description: "A node is online: for the first time, or again after it was offline." },
);
export const NodeUpdated = message("NodeUpdated", described, {
  description: "A node that is online describes itself otherwise than before, or says no more that it is out.",
});
export const NodeCameOnline = message(
  "NodeCameOnline",
  { role, says: OutOfService.nullable() },
  { description: "A node that was offline has beaten again." },
);
export const NodeSaid = message(
  "NodeSaid",
  { role, says: OutOfService.nullable().describe("null: nothing more, it is in service") },
  { description: "A node says that it is out of service, or that it is back." },
);
export const NodeWentOffline = message(
  "NodeWentOffline",
  { role, why: Why, last_heartbeat_at: z.iso.datetime().nullable() },
  { description: "A node is silent, or has said goodbye. It stays listed." },
);
export const NodeFellSilent = message(
  "NodeFellSilent",
  { role, why: Why, last_heartbeat_at: z.iso.datetime().nullable() },
  { description: "A node that an operator has taken out is silent. It stays taken out." },
);
export const NodeTakenOut = message(
  "NodeTakenOut",
  { mode: OutOfService, ...decided },
  { description: "An operator has taken a node out of service." },
);
export const NodeReturned = message("NodeReturned", decided, {
  description: "An operator has put a node back into service.",
});
export const NodeRevoked = message(
  "NodeRevoked",
  { ...decided, last_heartbeat_at: z.iso.datetime().nullable() },
  { description: "A node is no longer one of us." },
);
export const NodeReadmitted = message("NodeReadmitted", decided, {
  description: "A node that was revoked may register again.",
});
