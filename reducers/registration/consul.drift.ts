import type { HeldService } from "../../contracts/registration/messages/inventory.ts";
import { ConsulDeregister } from "../../contracts/registration/messages/intents.ts";
import { ACTIVE } from "../../contracts/registration/messages/rules.ts";
import type { RegistrationState } from "../../contracts/registration/messages/state.ts";
import type { HeldEntry, Repair } from "../../runtime/core/drift.ts";
import type { EntityView } from "../../runtime/core/handler.ts";
import { registerService } from "./consul.intents.ts";

/** An ACTIVE node has one service, as it told it; a node that is unknown or has ended has none. */
export function consulDrift(entity: EntityView<RegistrationState> | undefined, held: readonly HeldEntry[]): Repair[] {
  const services = held.map(({ content }) => content as HeldService);
  if (entity?.isLive !== true) return services.map(leftover);
  const wanted = entity.state === ACTIVE ? registerService(entity.data, { entity, payload: {}, now: 0 }) : null;
  if (!wanted) return [];
  const { service_id, service_name, tags, address, port, check } = wanted.payload as RegisterPayload;
  const own = services.find((service) => service.service_id === service_id);
  const others = services.filter((service) => service !== own).map(leftover);
  if (!own) return [...others, { kind: "missing", what: `${service_id} is not there`, intent: wanted }];
  const should: HeldService = { service_id, service_name, tags, address, port, status: check.status };
  const differing = (Object.keys(should) as (keyof HeldService)[]).filter(
    (field) => JSON.stringify(own[field]) !== JSON.stringify(should[field]),
  );
  if (differing.length === 0) return others;
  return [...others, { kind: "altered", what: `${service_id} has another ${differing.join(", ")}`, intent: wanted }];
}

type RegisterPayload = Omit<HeldService, "status"> & { readonly check: { readonly status: string } };

const leftover = ({ service_id }: HeldService): Repair => ({
  kind: "leftover",
  what: `${service_id} is still there`,
  intent: ConsulDeregister.of({ service_id }),
});
