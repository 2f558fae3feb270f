import { z } from "zod";
import { PostgresUpsertRegistration } from "./intents.ts";

/** The columns of `node_registrations` that follow from the node's description. */
export const RegistrationRow = z.object(PostgresUpsertRegistration.shape).extend({ node_type: z.string() });
export type RegistrationRow = z.infer<typeof RegistrationRow>;
