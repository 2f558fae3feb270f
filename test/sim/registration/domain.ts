import { fileURLToPath } from "node:url";
import { withoutBackends } from "../../../effects/backends.ts";
import { registrationOn } from "../../../app/modules/registration/module.ts";
import type { ServiceRegistry } from "../../../effects/service-catalog/service-registry.ts";
import { compileDomain } from "../../../runtime/contract/compile/compile-domain.ts";
import { validateDomain } from "../../../runtime/contract/checks/validate.ts";
import type { Domain } from "../../../runtime/core/domain.ts";
import type { Sql } from "../../../runtime/ports/store.ts";
import { schemasIn } from "../sql/schema.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export const MIGRATIONS = ["../../../runtime/adapters/migrations", "../../../effects/postgres/migrations"].map(here);
export const SCHEMAS = schemasIn(MIGRATIONS);

const paper = registrationOn(withoutBackends);
const { model } = validateDomain(here("../../../contracts/registration"), paper);
if (!model) throw new Error("the shipped contracts have errors");
/** The contracts that are shipped, compiled once: every process has them, each with effects of its own. */
const SHIPPED: Domain = compileDomain(model, { env: "dev", namespace: "" });

/** @param hash of the contracts, if others than the shipped ones: their content is the same */
export function domainOn(registry: ServiceRegistry, sql: Sql, hash = SHIPPED.contractHash): Domain {
  const backends = registrationOn({
    ...withoutBackends,
    serviceCatalog: {
      ...withoutBackends.serviceCatalog,
      registry: { apply: (changes, signal) => registry.apply(changes, signal), list: async () => [] },
    },
    sql,
  });
  const own = new Map(Object.values(backends.effects).map((each) => [each.intent.intentType, each]));
  const effects = new Map(
    [...SHIPPED.effects].map(([type, spec]) => [type, { ...spec, effect: own.get(type) ?? spec.effect }]),
  );
  return { ...SHIPPED, effects, contractHash: hash };
}

const topicNamed = (type: string): string => SHIPPED.consumed.find((each) => each.type === type)?.topic ?? "";
export const TOPICS = {
  introspection: topicNamed("NodeIntrospectionEvent"),
  ack: topicNamed("NodeRegistrationAcked"),
  heartbeat: topicNamed("NodeHeartbeatEvent"),
  deregister: topicNamed("NodeDeregister"),
} as const;
export const PERIOD_MS = 30_000;
