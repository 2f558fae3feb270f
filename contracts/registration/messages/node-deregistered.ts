import { z } from "zod";
import { message } from "../../../runtime/core/message.ts";

/** The registration was ended by the node or by an operator. */
export const NodeDeregistered = message("NodeDeregistered", { reason: z.string() });
