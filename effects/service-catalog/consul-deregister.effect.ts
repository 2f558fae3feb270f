import { ConsulDeregister } from "./messages.ts";
import { effect } from "../../runtime/core/effect.ts";
import { CONSUL_FAULTS } from "./faults.ts";
import { toOutcome } from "./outcome.ts";
import type { ServiceRegistry } from "./service-registry.ts";

/** Removes services with their checks. Also done when there is no service, or one of another owner. */
export const HandlerConsulDeregister = (registry: ServiceRegistry) =>
  effect(ConsulDeregister, CONSUL_FAULTS, async (intents, { signal }) => {
    const results = await registry.apply(
      intents.map(({ version, payload }) => ({ kind: "deregister", serviceId: payload.service_id, version })),
      signal,
    );
    return intents.map((_, index) => toOutcome(results[index]));
  });
