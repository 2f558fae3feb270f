import { z } from "zod";
import { message } from "../../../runtime/core/message.ts";
import { NODE_TYPES } from "./fields.ts";
import { RegisteredNode } from "./registered-node.ts";

export const NodeBecameActive = message(
  "NodeBecameActive",
  {
    node_type: z.enum(NODE_TYPES),
    liveness_deadline: z.iso.datetime().describe("until when it stays ACTIVE without a heartbeat"),
    capabilities: RegisteredNode.shape.capabilities,
    endpoints: RegisteredNode.shape.endpoints,
  },
  { description: "The node is ready for work, for as long as it renews its liveness." },
);
