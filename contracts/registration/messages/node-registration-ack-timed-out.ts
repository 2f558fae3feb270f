import { z } from "zod";
import { message } from "../../../runtime/core/message.ts";

export const NodeRegistrationAckTimedOut = message(
  "NodeRegistrationAckTimedOut",
  {
    deadline_at: z.iso.datetime().describe("until when the ACK was to be there"),
  },
  { description: "No answer came in time: the attempt is over and taken back." },
);
