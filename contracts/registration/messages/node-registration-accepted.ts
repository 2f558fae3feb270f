import { z } from "zod";
import { message } from "../../../runtime/core/message.ts";

/** Every backend has the node; it has until `ack_deadline`, or a little longer, to say that it is ready. */
export const NodeRegistrationAccepted = message("NodeRegistrationAccepted", {
  ack_deadline: z.iso.datetime(),
  service_id: z.string(),
});
