import type { HeldEntry, Holdings } from "../../runtime/core/drift.ts";
import type { ServiceHoldings } from "./service-registry.ts";

/** What is registered with our owner mark, for reconciliation. */
export const catalogueHoldings = (catalogue: ServiceHoldings): Holdings => ({
  async list(signal) {
    const services = await catalogue.held(signal);
    return services.map(({ nodeId: entityId, version, service }): HeldEntry => ({
      entityId,
      version,
      content: service,
    }));
  },
});
