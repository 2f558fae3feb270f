// What `import ... from "rollcall/backends"` gives: the intents that backends own, and the effects that carry them out.
export type { Backends } from "./backends.ts";
export { serviceCatalogEffects } from "./service-catalog/effects.ts";
export {
  CatalogService,
  Check,
  ConsulDeregister,
  ConsulRegister,
  ConsulRegistrationConfirmed,
  ConsulSetStatus,
} from "./service-catalog/messages.ts";
export type { DiscoveredService, ServiceDiscovery } from "./service-catalog/service-discovery.ts";
export type {
  ServiceCatalog,
  ServiceChange,
  ServiceInventory,
  ServiceRegistry,
  WriteResult,
} from "./service-catalog/service-registry.ts";
export type { DriftKind, Inventory, InventoryEntry, ReconciledBackend, Repair } from "../runtime/core/drift.ts";
export type { Clock } from "../runtime/ports/clock.ts";
export type { Sql } from "../runtime/ports/store.ts";
