import {
  type Check,
  ConsulDeregister,
  ConsulRegister,
  ConsulSetStatus,
} from "../../effects/service-catalog/messages.ts";
import type { RegisteredNode } from "../../contracts/registration/messages/registered-node.ts";
import { ACTIVE, firstAddress, serviceId, serviceName } from "../../contracts/registration/messages/rules.ts";
import type { RegistrationState } from "../../contracts/registration/messages/state.ts";
import type { EntityView } from "../../runtime/core/handler.ts";
import { type NewIntent, noIntent } from "../../runtime/core/intent.ts";
import type { ReducerContext } from "../../runtime/core/reducer.ts";

type Context<Payload = unknown> = ReducerContext<Payload, RegistrationState>;

export function registerService({ node }: RegistrationState, { entity }: Context): NewIntent | null {
  if (!node) return noIntent;
  const at = firstAddress(node);
  return ConsulRegister.of({
    service_id: serviceId(node),
    service_name: serviceName(node),
    tags: tagsOf(node),
    address: at?.address ?? null,
    port: at?.port ?? null,
    check: checkOf(entity),
  });
}

export const setServiceStatus = ({ node }: RegistrationState, { entity }: Context): NewIntent | null =>
  node ? ConsulSetStatus.of({ service_id: serviceId(node), ...checkOf(entity) }) : noIntent;

export const deregisterService = ({ node }: RegistrationState): NewIntent | null =>
  node ? ConsulDeregister.of({ service_id: serviceId(node) }) : noIntent;

/** Removes the node's old service, if its new description has another service id. */
export const deregisterOldService = (
  state: RegistrationState,
  { payload }: Context<{ readonly node: RegisteredNode }>,
): NewIntent | null =>
  state.node && serviceId(state.node) === serviceId(payload.node) ? noIntent : deregisterService(state);

/** Only the check of a node that is ready for work is passing. */
const checkOf = ({ state }: EntityView<RegistrationState>): Check =>
  state === ACTIVE ? { status: "passing", note: "active" } : { status: "critical", note: "awaiting acknowledgement" };

const tagsOf = ({ node_type, node_version, capabilities }: RegisteredNode): string[] => [
  `node_type:${node_type}`,
  `node_version:${node_version}`,
  ...capabilities.map((capability) => `capability:${capability}`),
];
