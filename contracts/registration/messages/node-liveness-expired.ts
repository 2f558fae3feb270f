import { z } from "zod";
import { message } from "../../../runtime/core/message.ts";

/** An ACTIVE node has been silent for too long; it is taken back until it introspects again. */
export const NodeLivenessExpired = message("NodeLivenessExpired", {
  deadline_at: z.iso.datetime(),
  last_heartbeat_at: z.iso.datetime().nullable(),
});
