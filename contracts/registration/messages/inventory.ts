import { z } from "zod";
import { PostgresUpsertRegistration } from "./intents.ts";

/** A service in the catalog, as reconciliation reads it. */
export const CatalogService = z.object({
  service_id: z.string(),
  service_name: z.string(),
  tags: z.array(z.string()),
  /** Null for a service without an address. */
  address: z.string().nullable(),
  port: z.int().nullable(),
  /** Status of our own check; null when the check was deleted. */
  status: z.string().nullable(),
});
export type CatalogService = z.infer<typeof CatalogService>;

/** The columns of `node_registrations` that follow from the node's description. */
export const RegistrationRow = z.object(PostgresUpsertRegistration.shape).extend({ node_type: z.string() });
export type RegistrationRow = z.infer<typeof RegistrationRow>;
