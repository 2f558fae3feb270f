import { z } from "zod";
import { message } from "../../../runtime/core/message.ts";

export const NodeRegistrationAckReceived = message(
  "NodeRegistrationAckReceived",
  {
    liveness_deadline: z.iso.datetime().describe("until when it stays ACTIVE without a heartbeat"),
  },
  { description: "The node has acknowledged its acceptance." },
);
