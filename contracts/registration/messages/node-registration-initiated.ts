import { z } from "zod";
import { message } from "../../../runtime/core/message.ts";
import { NODE_TYPES } from "./fields.ts";
import { RegisteredNode } from "./registered-node.ts";

export const NodeRegistrationInitiated = message(
  "NodeRegistrationInitiated",
  {
    node_type: z.enum(NODE_TYPES),
    node: RegisteredNode,
    supersedes: z
      .string()
      .nullable()
      .meta({ description: "the attempt that this one replaces, or null", example: null }),
  },
  { description: "A registration attempt has begun." },
);
