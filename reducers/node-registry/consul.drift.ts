import type { NodeState } from "../../contracts/node-registry/messages/state.ts";
import { type CatalogService, ConsulDeregister } from "../../effects/service-catalog/messages.ts";
import type { InventoryEntry, Repair } from "../../runtime/core/drift.ts";
import type { EntityView } from "../../runtime/core/handler.ts";
import type { Json } from "../../runtime/core/message.ts";
import { showInConsul } from "./consul.intents.ts";

type Registration = Omit<CatalogService, "status"> & { readonly check: { readonly status: string } };

/** A node that is online has one service, as it is described; any other node has none. */
export function nodeDrift(
  entity: EntityView<NodeState> | undefined,
  actual: readonly InventoryEntry[],
): readonly Repair[] {
  const services = actual.map(({ content }) => content as CatalogService);
  const intent = entity ? showInConsul(entity.data, { entity }) : null;
  if (!intent) return services.map(leftover);
  const { service_id, service_name, tags, address, port, meta, check } = intent.payload as Registration;
  const desired: CatalogService = { service_id, service_name, tags, address, port, meta, status: check.status };
  const own = services.find((each) => each.service_id === service_id);
  const others = services.filter((each) => each !== own).map(leftover);
  if (!own) return [...others, { kind: "missing", description: `${service_id} is missing`, intent }];
  const fields = (Object.keys(desired) as (keyof CatalogService)[]).filter(
    (field) => sortedJson(own[field]) !== sortedJson(desired[field]),
  );
  if (fields.length === 0) return others;
  return [...others, { kind: "altered", description: `${service_id} differs in ${fields.join(", ")}`, intent }];
}

const leftover = ({ service_id }: CatalogService): Repair => ({
  kind: "leftover",
  description: `${service_id} still exists`,
  intent: ConsulDeregister.of({ service_id }),
});

/** Consul has the keys of Meta in an order of its own. */
const sortedJson = (value: Json | undefined): string =>
  JSON.stringify(value ?? null, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
