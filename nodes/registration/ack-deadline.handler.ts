import { NodeRegistrationAckTimedOut } from "../../contracts/registration/messages/ack-events.ts";
import { DeadlineFired } from "../../runtime/core/message.ts";
import { handler } from "./handler.ts";

export const HandlerAckDeadline = handler(
  DeadlineFired,
  {},
  {
    time_out: ({ message: { payload } }) => [NodeRegistrationAckTimedOut.of({ deadline_at: payload.deadline_at })],
  },
);
