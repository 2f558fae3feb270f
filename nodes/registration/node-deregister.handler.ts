import { NodeDeregister } from "../../contracts/registration/messages/node-deregister.ts";
import { NodeDeregistered } from "../../contracts/registration/messages/node-deregistered.ts";
import { handler } from "./handler.ts";

/** A node's or an operator's word ends a registration, whatever its attempt. */
export const HandlerNodeDeregister = handler(
  NodeDeregister,
  {},
  {
    deregister: ({ message }) => [NodeDeregistered.of({ reason: message.payload.reason || "requested" })],
  },
);
