import { z } from "zod";
import { message } from "../../../runtime/core/message.ts";

export const NodeRegistrationAccepted = message(
  "NodeRegistrationAccepted",
  {
    ack_deadline: z.iso.datetime().describe("until when the ACK is to be there; never later than the enforced one"),
    service_id: z.string().meta({ description: "of the catalogue's entry", example: "onex-effect-payments-1" }),
  },
  {
    description: "Every backend has the node; it has until ack_deadline, or a little longer, to say that it is ready.",
  },
);
