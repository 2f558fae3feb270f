import { z } from "zod";
import { message } from "../../../runtime/core/message.ts";

export const REJECTION_REASON_LENGTH_MAX = 1024;

export const NodeRegistrationRejected = message(
  "NodeRegistrationRejected",
  {
    rejection_reason: z
      .string()
      .min(1)
      .max(REJECTION_REASON_LENGTH_MAX)
      .meta({ description: "for people", example: "consul: CONSUL_REFUSED" }),
    failed_backends: z.array(z.object({ backend: z.string(), error_code: z.string(), message: z.string() })).meta({
      description: "which backends, with the fault's code",
      example: [
        { backend: "consul", error_code: "CONSUL_REFUSED", message: "the service id belongs to another owner" },
      ],
    }),
  },
  { description: "A backend has refused the node for good; registrations in other backends are undone." },
);
