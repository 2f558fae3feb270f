import { z } from "zod";
import { message } from "../../../runtime/core/message.ts";

/** No answer came in time: the attempt is over and taken back. */
export const NodeRegistrationAckTimedOut = message("NodeRegistrationAckTimedOut", { deadline_at: z.iso.datetime() });
