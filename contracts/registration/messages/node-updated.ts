import { message } from "../../../runtime/core/message.ts";
import { RegisteredNode } from "./registered-node.ts";

export const NodeUpdated = message(
  "NodeUpdated",
  { node: RegisteredNode },
  { description: "An ACTIVE node has changed its description, and stays ACTIVE." },
);
