import { z } from "zod";
import { message } from "../../../runtime/core/message.ts";

export const NodeRegistrationAckTimedOut = message(
  "NodeRegistrationAckTimedOut",
  {
    deadline_at: z.iso.datetime().describe("until when the ACK was due"),
  },
  { description: "No ACK arrived in time: the attempt has ended, and its registrations are undone." },
);
