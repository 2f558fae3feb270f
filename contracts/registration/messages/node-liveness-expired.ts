import { z } from "zod";
import { message } from "../../../runtime/core/message.ts";

export const NodeLivenessExpired = message(
  "NodeLivenessExpired",
  {
    deadline_at: z.iso.datetime().describe("until when a heartbeat was due"),
    last_heartbeat_at: z.iso.datetime().nullable().describe("null: none was received"),
  },
  { description: "An ACTIVE node sent no heartbeat in time; its registration is undone until it introspects again." },
);
