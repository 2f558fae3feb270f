import { z } from "zod";
import { message } from "../../../runtime/core/message.ts";

/** The node has answered its acceptance. */
export const NodeRegistrationAckReceived = message("NodeRegistrationAckReceived", {
  liveness_deadline: z.iso.datetime(),
});
