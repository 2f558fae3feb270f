import { HandlerConsulDeregister } from "../../effects/service-catalog/consul-deregister.effect.ts";
import { HandlerConsulRegister } from "../../effects/service-catalog/consul-register.effect.ts";
import { HandlerConsulSetStatus } from "../../effects/service-catalog/consul-set-status.effect.ts";
import { catalogueHoldings } from "../../effects/service-catalog/service-inventory.ts";
import type { ServiceHoldings, ServiceRegistry } from "../../effects/service-catalog/service-registry.ts";
import { postgresHoldings } from "../../effects/postgres/postgres-inventory.ts";
import { HandlerPostgresUpdate } from "../../effects/postgres/postgres-update.effect.ts";
import { HandlerPostgresUpsert } from "../../effects/postgres/postgres-upsert.effect.ts";
import { consulDrift } from "../../reducers/registration/consul.drift.ts";
import { postgresDrift } from "../../reducers/registration/postgres.drift.ts";
import type { DomainCode } from "../../runtime/core/domain-code.ts";
import type { Sql } from "../../runtime/ports/store.ts";
import { registrationCode } from "./registration.ts";

/**
 * The registration domain's code with its effects, a line for each, on the backends that they write to.
 * @param catalogue what the registry holds; without it that is not compared with what it should hold
 */
export const registrationOn = (registry: ServiceRegistry, sql: Sql, catalogue?: ServiceHoldings): DomainCode =>
  registrationCode(
    {
      HandlerConsulRegister: HandlerConsulRegister(registry),
      HandlerConsulSetStatus: HandlerConsulSetStatus(registry),
      HandlerConsulDeregister: HandlerConsulDeregister(registry),
      HandlerPostgresUpsert: HandlerPostgresUpsert(sql),
      HandlerPostgresUpdate: HandlerPostgresUpdate(sql),
    },
    [
      ...(catalogue ? [{ backend: "consul", holdings: catalogueHoldings(catalogue), repairs: consulDrift }] : []),
      { backend: "postgres", holdings: postgresHoldings(sql), repairs: postgresDrift },
    ],
  );

const nowhere = (): never => {
  throw new Error("this code is only looked at: it has no backends");
};

/** The same names without backends: for what checks or draws contracts and runs nothing. */
export const registrationOnPaper = (): DomainCode =>
  registrationOn({ apply: nowhere }, { query: nowhere }, { held: nowhere });
