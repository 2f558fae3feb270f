import { HandlerConsulDeregister } from "../effects/catalogue/consul-deregister.effect.ts";
import { HandlerConsulRegister } from "../effects/catalogue/consul-register.effect.ts";
import { HandlerConsulSetStatus } from "../effects/catalogue/consul-set-status.effect.ts";
import type { ServiceRegistry } from "../effects/catalogue/service-registry.ts";
import { HandlerPostgresUpdate } from "../effects/postgres/postgres-update.effect.ts";
import { HandlerPostgresUpsert } from "../effects/postgres/postgres-upsert.effect.ts";
import type { DomainCode } from "../runtime/core/domain-code.ts";
import type { Sql } from "../runtime/ports/store.ts";
import { registrationCode } from "./registration.ts";

/** The registration domain's code with its effects, a line for each, on the backends that they write to. */
export const registrationOn = (registry: ServiceRegistry, sql: Sql): DomainCode =>
  registrationCode({
    HandlerConsulRegister: HandlerConsulRegister(registry),
    HandlerConsulSetStatus: HandlerConsulSetStatus(registry),
    HandlerConsulDeregister: HandlerConsulDeregister(registry),
    HandlerPostgresUpsert: HandlerPostgresUpsert(sql),
    HandlerPostgresUpdate: HandlerPostgresUpdate(sql),
  });

const nowhere = (): never => {
  throw new Error("this code is only looked at: it has no backends");
};

/** The same names without backends: for what checks or draws contracts and runs nothing. */
export const registrationOnPaper = (): DomainCode => registrationOn({ apply: nowhere }, { query: nowhere });
