import { z } from "zod";
import { message } from "../../../runtime/core/message.ts";

export const NodeLivenessExpired = message(
  "NodeLivenessExpired",
  {
    deadline_at: z.iso.datetime().describe("until when it was to be heard of"),
    last_heartbeat_at: z.iso.datetime().nullable().describe("null: none was heard"),
  },
  { description: "An ACTIVE node has been silent for too long; it is taken back until it introspects again." },
);
