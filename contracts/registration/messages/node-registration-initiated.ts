import { z } from "zod";
import { message } from "../../../runtime/core/message.ts";
import { NODE_TYPES } from "./fields.ts";
import { RegisteredNode } from "./registered-node.ts";

/** A registration attempt has begun. */
export const NodeRegistrationInitiated = message("NodeRegistrationInitiated", {
  node_type: z.enum(NODE_TYPES),
  node: RegisteredNode,
  /** The attempt that this one takes the place of. */
  supersedes: z.string().nullable(),
});
