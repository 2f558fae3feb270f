import { z } from "zod";
import { message } from "../../../runtime/core/message.ts";

export const NodeRegistrationAccepted = message(
  "NodeRegistrationAccepted",
  {
    ack_deadline: z.iso.datetime().describe("until when the ACK is due; never later than the enforced deadline"),
    service_id: z.string().meta({ description: "of the entry in the catalog", example: "onex-effect-payments-1" }),
  },
  {
    description: "Every backend has registered the node, which must send its ACK by ack_deadline.",
  },
);
