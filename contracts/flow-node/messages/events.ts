import { z } from "zod";
import { message } from "../../../runtime/core/message.ts";
import { Told, Who } from "./fields.ts";
import { Flow, RejectedFlow } from "./flow.ts";

const decided = { by: Who, reason: z.string().nullable() };
const heartbeat = z.iso.datetime().nullable().describe("the last sign of life; null: there was none");
const told = Told.nullable().describe("what it tells of itself; null: nothing");

export const NodeAdmitted = message("NodeAdmitted", decided, { description: "An operator has let a node connect." });
export const NodeRevoked = message(
  "NodeRevoked",
  { ...decided, heartbeat },
  { description: "A node is no longer one of us." },
);
export const NodeConnected = message(
  "NodeConnected",
  {
    flows: z.array(Flow).describe("that are listed from now on"),
    rejected: z.array(RejectedFlow),
    is_new: z.boolean().describe("false: it was connected, and offers others than before"),
  },
  { description: "A node is connected, or offers other flows than before." },
);
export const NodeDisconnected = message(
  "NodeDisconnected",
  { heartbeat },
  { description: "A node has said goodbye. It stays listed." },
);
export const NodeTold = message("NodeTold", { told }, { description: "What a node tells of itself has changed." });
export const NodeCameBack = message(
  "NodeCameBack",
  { told },
  { description: "A node that was not alive was heard of again." },
);
export const NodeNotAlive = message(
  "NodeNotAlive",
  { heartbeat },
  { description: "A node was not heard of for longer than its lease. It stays listed." },
);
