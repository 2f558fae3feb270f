import { NodeHeartbeat } from "../../contracts/node-registry/messages/commands.ts";
import { NodeCameOnline, NodeSaid } from "../../contracts/node-registry/messages/events.ts";
import { OutOfService } from "../../contracts/node-registry/messages/fields.ts";
import { toRfc3339 } from "../../runtime/core/time.ts";
import { handler } from "./handler.ts";
import { goneSilent } from "./gone-silent.ts";
import { roleOf } from "./role-of.ts";

/** A beat that changes something. One that changes nothing only renews the lease, as the contract says. */
export const HandlerNodeHeartbeat = handler(
  NodeHeartbeat,
  {},
  {
    come_back: ({ message: { payload }, entity }) => [
      NodeCameOnline.of({ role: roleOf(entity), says: outOfService(payload.status) }),
    ],
    say: ({ message: { payload }, entity }) => [
      NodeSaid.of({ role: roleOf(entity), says: outOfService(payload.status) }),
    ],
    say_goodbye: ({ entity, now }) => [goneSilent(entity, "it said so", toRfc3339(now))],
  },
);

/** Null: in service. */
const outOfService = (status: string | null | undefined): OutOfService | null =>
  OutOfService.safeParse(status).data ?? null;
