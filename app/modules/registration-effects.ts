import { HandlerConsulDeregister } from "../../effects/service-catalog/consul-deregister.effect.ts";
import { HandlerConsulRegister } from "../../effects/service-catalog/consul-register.effect.ts";
import { HandlerConsulSetStatus } from "../../effects/service-catalog/consul-set-status.effect.ts";
import type { ServiceInventory, ServiceRegistry } from "../../effects/service-catalog/service-registry.ts";
import { postgresInventory } from "../../effects/postgres/postgres-inventory.ts";
import { HandlerPostgresUpdate } from "../../effects/postgres/postgres-update.effect.ts";
import { HandlerPostgresUpsert } from "../../effects/postgres/postgres-upsert.effect.ts";
import { consulDrift } from "../../reducers/registration/consul.drift.ts";
import { postgresDrift } from "../../reducers/registration/postgres.drift.ts";
import type { DomainCode } from "../../runtime/core/domain-code.ts";
import type { Sql } from "../../runtime/ports/store.ts";
import { registrationCode } from "./registration.ts";

/**
 * The registration domain's code with its effects, a line for each, on the backends that they write to.
 * @param catalog what the registry holds; without it that is not compared with what it should hold
 */
export const withBackends = (registry: ServiceRegistry, sql: Sql, catalog?: ServiceInventory): DomainCode =>
  registrationCode(
    {
      HandlerConsulRegister: HandlerConsulRegister(registry),
      HandlerConsulSetStatus: HandlerConsulSetStatus(registry),
      HandlerConsulDeregister: HandlerConsulDeregister(registry),
      HandlerPostgresUpsert: HandlerPostgresUpsert(sql),
      HandlerPostgresUpdate: HandlerPostgresUpdate(sql),
    },
    [
      ...(catalog ? [{ backend: "consul", inventory: catalog, repairs: consulDrift }] : []),
      { backend: "postgres", inventory: postgresInventory(sql), repairs: postgresDrift },
    ],
  );

const refuseUse = (): never => {
  throw new Error("this module was composed without backends");
};

/** The same names without backends: for what checks or draws contracts and runs nothing. */
export const withoutBackends = (): DomainCode =>
  withBackends({ apply: refuseUse }, { query: refuseUse }, { list: refuseUse });
