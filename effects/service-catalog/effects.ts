import type { Effect } from "../../runtime/core/effect.ts";
import { HandlerConsulDeregister } from "./consul-deregister.effect.ts";
import { HandlerConsulRegister } from "./consul-register.effect.ts";
import { HandlerConsulSetStatus } from "./consul-set-status.effect.ts";
import type { ServiceCatalog } from "./service-registry.ts";

/** The effects of `consul.register`, `consul.set_status` and `consul.deregister`, by the names that contracts use. */
export const serviceCatalogEffects = ({ serviceCatalog }: { readonly serviceCatalog: ServiceCatalog }) =>
  ({
    HandlerConsulRegister: HandlerConsulRegister(serviceCatalog.registry),
    HandlerConsulSetStatus: HandlerConsulSetStatus(serviceCatalog.registry),
    HandlerConsulDeregister: HandlerConsulDeregister(serviceCatalog.registry),
  }) satisfies Readonly<Record<string, Effect>>;
