import { memoryServiceCatalog } from "../../app/testing/index.ts";
import type { StoredServices } from "../../effects/service-catalog/memory-catalog.ts";
import { describeCatalog } from "./catalog-conformance.ts";

describeCatalog("memoryServiceCatalog", { remembersRemovals: true, keepsMeta: true }, async () => {
  const stored: StoredServices = new Map();
  const catalogOf = (env: string, domain: string) => memoryServiceCatalog({ env, namespace: "", domain }, stored);
  const ours = catalogOf("dev", "registration");
  const theirs = catalogOf("prod", "registration");
  return {
    registry: ours.registry,
    neighbour: catalogOf("dev", "parcels").registry,
    catalog: ours.discovery,
    async putForeign(serviceId, name) {
      const check = { status: "passing", note: "" } as const;
      const entry = { name, nodeId: "theirs", tags: [], address: "192.0.2.7", port: 1, check };
      const change = { kind: "register", serviceId, version: 1, entry } as const;
      await theirs.registry.apply([change], AbortSignal.timeout(5_000));
    },
    foreignAddress: async (serviceId) => stored.get(serviceId)?.entry?.address ?? undefined,
    close: async () => {},
  };
});
