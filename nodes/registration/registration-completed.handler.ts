import { NodeRegistrationAccepted } from "../../contracts/registration/messages/node-registration-accepted.ts";
import { RegistrationCompleted } from "../../contracts/registration/messages/raised.ts";
import { serviceId } from "../../contracts/registration/messages/rules.ts";
import { nothing } from "../../runtime/core/handler.ts";
import { handler } from "./handler.ts";

/** Every backend has the node. The enforced deadline starts at the publish, so it is never before the given one. */
export const HandlerRegistrationCompleted = handler(
  RegistrationCompleted,
  { deadlines: ["ack"] },
  {
    accept: ({ entity, deadlineAfter }) =>
      entity.data.node
        ? [NodeRegistrationAccepted.of({ ack_deadline: deadlineAfter("ack"), service_id: serviceId(entity.data.node) })]
        : nothing("no node to accept"),
  },
);
