import type { InventoryEntry, Inventory } from "../../runtime/core/drift.ts";
import type { ServiceInventory } from "./service-registry.ts";

/** What is registered with our owner mark, for reconciliation. */
export const serviceInventory = (catalogue: ServiceInventory): Inventory => ({
  async list(signal) {
    const services = await catalogue.listOwned(signal);
    return services.map(({ nodeId: entityId, version, service }): InventoryEntry => ({
      entityId,
      version,
      content: service,
    }));
  },
});
