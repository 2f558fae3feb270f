import { ConsulSetStatus } from "./messages.ts";
import { effect } from "../../runtime/core/effect.ts";
import { CONSUL_FAULTS } from "./faults.ts";
import { toOutcome } from "./outcome.ts";
import type { ServiceRegistry } from "./service-registry.ts";

/** Sets checks to passing or critical. A missing service is no fault: reconciliation registers it again. */
export const HandlerConsulSetStatus = (registry: ServiceRegistry) =>
  effect(ConsulSetStatus, CONSUL_FAULTS, async (intents, { signal }) => {
    const results = await registry.apply(
      intents.map(({ version, payload: { service_id, status, note } }) => ({
        kind: "set_status",
        serviceId: service_id,
        version,
        check: { status, note },
      })),
      signal,
    );
    return intents.map((_, index) => toOutcome(results[index]));
  });
