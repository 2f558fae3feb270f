import { DeadlineFired } from "../../runtime/core/message.ts";
import { goneSilent } from "./gone-silent.ts";
import { handler } from "./handler.ts";

export const HandlerLeaseDeadline = handler(
  DeadlineFired,
  {},
  {
    expire: ({ entity, message: { payload } }) => [
      goneSilent(entity, "no heartbeat within its lease", payload.renewed_at ?? entity.data.last_heartbeat_at),
    ],
  },
);
