import { z } from "zod";
import { message } from "../../../runtime/core/message.ts";

export const NodeRegistrationAckReceived = message(
  "NodeRegistrationAckReceived",
  {
    liveness_deadline: z.iso.datetime().describe("until when it stays ACTIVE without a heartbeat"),
  },
  { description: "The node has acknowledged its acceptance." },
);

export const NodeRegistrationAckTimedOut = message(
  "NodeRegistrationAckTimedOut",
  {
    deadline_at: z.iso.datetime().describe("until when the ACK was due"),
  },
  { description: "No ACK arrived in time: the attempt has ended, and its registrations are undone." },
);
