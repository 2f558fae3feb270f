import { NodeLivenessExpired } from "../../contracts/registration/messages/node-liveness-expired.ts";
import { DeadlineFired } from "../../runtime/core/message.ts";
import { handler } from "./handler.ts";

export const HandlerLivenessDeadline = handler(
  DeadlineFired,
  {},
  {
    expire: ({ message: { payload } }) => [
      NodeLivenessExpired.of({ deadline_at: payload.deadline_at, last_heartbeat_at: payload.renewed_at }),
    ],
  },
);
