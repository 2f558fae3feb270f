import { z } from "zod";
import { message } from "../../../runtime/core/message.ts";

export const NodeDeregistered = message(
  "NodeDeregistered",
  {
    reason: z
      .string()
      .meta({ description: "shutdown, the reason that NodeDeregister gave, or requested", example: "shutdown" }),
  },
  { description: "The registration was ended by the node or by an operator." },
);
