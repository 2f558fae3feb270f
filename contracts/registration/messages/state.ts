import { z } from "zod";
import { RegisteredNode } from "./registered-node.ts";

/** A backend that refused an intent of this registration for good. */
export const Failure = z.object({ backend: z.string(), error_code: z.string(), message: z.string() });
export type Failure = z.infer<typeof Failure>;

/** The entity's data: the node as it was last introspected, and the failures since. */
export const RegistrationState = z.object({
  node: RegisteredNode.nullable().default(null),
  failures: z.array(Failure).default([]),
});
export type RegistrationState = z.infer<typeof RegistrationState>;
