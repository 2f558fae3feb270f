import { z } from "zod";
import { PostgresUpsertRegistration } from "./intents.ts";

/** A service as the catalogue tells it to reconciliation. */
export const CatalogService = z.object({
  service_id: z.string(),
  service_name: z.string(),
  tags: z.array(z.string()),
  /** Null: it has none. */
  address: z.string().nullable(),
  port: z.int().nullable(),
  /** Of our own check; null: it is gone. */
  status: z.string().nullable(),
});
export type CatalogService = z.infer<typeof CatalogService>;

/** A row of `node_registrations`, as far as the node says what stands in it. */
export const RegistrationRow = z.object(PostgresUpsertRegistration.shape).extend({ node_type: z.string() });
export type RegistrationRow = z.infer<typeof RegistrationRow>;
