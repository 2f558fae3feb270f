import { message } from "../../../runtime/core/message.ts";
import { RegisteredNode } from "./registered-node.ts";

/** An ACTIVE node has told something new about itself, and stays ACTIVE. */
export const NodeUpdated = message("NodeUpdated", { node: RegisteredNode });
