import { message } from "../../../runtime/core/message.ts";
import { RegisteredNode } from "./registered-node.ts";

export const NodeUpdated = message(
  "NodeUpdated",
  { node: RegisteredNode },
  { description: "An ACTIVE node has told something new about itself, and stays ACTIVE." },
);
