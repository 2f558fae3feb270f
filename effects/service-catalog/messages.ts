import { z } from "zod";
import { intent } from "../../runtime/core/intent.ts";
import { message } from "../../runtime/core/message.ts";

/** A service is passing when it is ready for work; the note gives the reason for the status. */
export const Check = z.object({ status: z.enum(["passing", "critical"]), note: z.string() });
export type Check = z.infer<typeof Check>;

/** Registers the service in Consul, with its check. */
export const ConsulRegister = intent("consul.register", {
  service_id: z.string(),
  service_name: z.string(),
  tags: z.array(z.string()),
  /** Of the first endpoint; null without one. */
  address: z.string().nullable(),
  /** Null without an endpoint, and when the first endpoint's URL has no port. */
  port: z.int().min(1).max(65_535).nullable(),
  /**
   * Within Consul's limits: 60 entries, keys of letters, digits, `_` and `-`, values of at most 512 bytes. The table in
   * Consul's place does not keep it.
   */
  meta: z.record(z.string(), z.string()).optional(),
  check: Check,
});

/** Sets the status of the service's check. */
export const ConsulSetStatus = intent("consul.set_status", {
  service_id: z.string(),
  status: Check.shape.status,
  note: z.string(),
});

/** Removes the service; done when Consul does not have it. */
export const ConsulDeregister = intent("consul.deregister", { service_id: z.string() });

/** Consul has the service, in this version or a younger one. */
export const ConsulRegistrationConfirmed = message("ConsulRegistrationConfirmed", {
  service_id: z.string(),
  version: z.int(),
});

/** A service in the catalog, as reconciliation reads it. */
export const CatalogService = z.object({
  service_id: z.string(),
  service_name: z.string(),
  tags: z.array(z.string()),
  /** Null for a service without an address. */
  address: z.string().nullable(),
  port: z.int().nullable(),
  /** Without Rollcall's own; absent where there is none. */
  meta: z.record(z.string(), z.string()).optional(),
  /** Status of our own check; null when the check was deleted. */
  status: z.string().nullable(),
});
export type CatalogService = z.infer<typeof CatalogService>;
