import { ConsulRegister, ConsulRegistrationConfirmed } from "./messages.ts";
import { done, effect } from "../../runtime/core/effect.ts";
import { CONSUL_FAULTS } from "./faults.ts";
import { toOutcome } from "./outcome.ts";
import type { ServiceRegistry } from "./service-registry.ts";

/** Writes services with their checks. Also confirmed when a younger version exists: the node is registered. */
export const HandlerConsulRegister = (registry: ServiceRegistry) =>
  effect(ConsulRegister, CONSUL_FAULTS, async (intents, { signal }) => {
    const results = await registry.apply(
      intents.map(({ entityId, version, payload }) => ({
        kind: "register",
        serviceId: payload.service_id,
        version,
        entry: {
          name: payload.service_name,
          nodeId: entityId,
          tags: payload.tags,
          address: payload.address,
          port: payload.port,
          meta: payload.meta,
          check: payload.check,
        },
      })),
      signal,
    );
    return intents.map(({ version, payload: { service_id } }, index) =>
      toOutcome(results[index], done(ConsulRegistrationConfirmed.of({ service_id, version }))),
    );
  });
