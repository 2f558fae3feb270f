import { type CatalogService, ConsulDeregister } from "../../effects/service-catalog/messages.ts";
import { ACTIVE } from "../../contracts/registration/messages/rules.ts";
import type { RegistrationState } from "../../contracts/registration/messages/state.ts";
import type { InventoryEntry, Repair } from "../../runtime/core/drift.ts";
import type { EntityView } from "../../runtime/core/handler.ts";
import { registerService } from "./consul.intents.ts";

/** An ACTIVE node has one service that matches its description; an unknown or ended node has none. */
export function consulDrift(
  entity: EntityView<RegistrationState> | undefined,
  actual: readonly InventoryEntry[],
): Repair[] {
  const services = actual.map(({ content }) => content as CatalogService);
  if (entity?.isLive !== true) return services.map(deregisterLeftover);
  const desiredIntent = entity.state === ACTIVE ? registerService(entity.data, { entity, payload: {}, now: 0 }) : null;
  if (!desiredIntent) return [];
  const { service_id, service_name, tags, address, port, check } = desiredIntent.payload as RegisterPayload;
  const own = services.find((service) => service.service_id === service_id);
  const others = services.filter((service) => service !== own).map(deregisterLeftover);
  if (!own) return [...others, { kind: "missing", description: `${service_id} is missing`, intent: desiredIntent }];
  const desired: CatalogService = { service_id, service_name, tags, address, port, status: check.status };
  const differing = (Object.keys(desired) as (keyof CatalogService)[]).filter(
    (field) => JSON.stringify(own[field]) !== JSON.stringify(desired[field]),
  );
  if (differing.length === 0) return others;
  return [
    ...others,
    { kind: "altered", description: `${service_id} differs in ${differing.join(", ")}`, intent: desiredIntent },
  ];
}

type RegisterPayload = Omit<CatalogService, "status"> & { readonly check: { readonly status: string } };

const deregisterLeftover = ({ service_id }: CatalogService): Repair => ({
  kind: "leftover",
  description: `${service_id} still exists`,
  intent: ConsulDeregister.of({ service_id }),
});
