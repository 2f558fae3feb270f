import { NodeDeregister } from "../../contracts/registration/messages/node-deregister.ts";
import { NodeDeregistered } from "../../contracts/registration/messages/node-deregistered.ts";
import { handler } from "./handler.ts";

/** Ends a registration on request of the node or of an operator, in any attempt. */
export const HandlerNodeDeregister = handler(
  NodeDeregister,
  {},
  {
    deregister: ({ message }) => [NodeDeregistered.of({ reason: message.payload.reason || "requested" })],
  },
);
