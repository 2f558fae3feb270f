import { z } from "zod";
import { message } from "../../../runtime/core/message.ts";

/** `node_registrations` has the row, in this version or a younger one. */
export const PostgresRegistrationConfirmed = message("PostgresRegistrationConfirmed", {
  node_id: z.string(),
  version: z.int(),
});
