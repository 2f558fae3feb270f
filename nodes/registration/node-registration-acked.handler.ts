import { NodeBecameActive } from "../../contracts/registration/messages/node-became-active.ts";
import { NodeRegistrationAckReceived } from "../../contracts/registration/messages/ack-events.ts";
import { NodeRegistrationAcked } from "../../contracts/registration/messages/node-registration-acked.ts";
import { answersCurrentAttempt } from "../../contracts/registration/messages/rules.ts";
import { nothing } from "../../runtime/core/handler.ts";
import { handler } from "./handler.ts";

/** The ACK of the current attempt makes a node ACTIVE. The contract says in which states. */
export const HandlerNodeRegistrationAcked = handler(
  NodeRegistrationAcked,
  { deadlines: ["liveness"] },
  {
    activate({ message, entity, deadlineAfter }) {
      const {
        attempt,
        data: { node },
      } = entity;
      if (!node || !answersCurrentAttempt(message.payload, entity))
        return nothing(`stale ack: attempt ${attempt.number} is current`);
      const { node_type, capabilities, endpoints } = node;
      const liveness_deadline = deadlineAfter("liveness");
      return [
        NodeRegistrationAckReceived.of({ liveness_deadline }),
        NodeBecameActive.of({ node_type, liveness_deadline, capabilities, endpoints }),
      ];
    },
  },
);
