import { ConsulDeregister, ConsulRegister, ConsulSetStatus } from "../../effects/service-catalog/messages.ts";
import { fileURLToPath } from "node:url";
import { registrationCode } from "../../app/modules/registration/module.ts";
import {
  PostgresUpdateRegistration,
  PostgresUpsertRegistration,
} from "../../contracts/registration/messages/intents.ts";
import { compileDomain } from "../../runtime/contract/compile/compile-domain.ts";
import type { Diagnostic } from "../../runtime/contract/diagnostics/diagnostic.ts";
import { validateDomain } from "../../runtime/contract/checks/validate.ts";
import type { Domain } from "../../runtime/core/domain.ts";
import { effect } from "../../runtime/core/effect.ts";

const idle = () => Promise.resolve([]);

const code = registrationCode({
  HandlerConsulRegister: effect(ConsulRegister, [], idle),
  HandlerConsulSetStatus: effect(ConsulSetStatus, [], idle),
  HandlerConsulDeregister: effect(ConsulDeregister, [], idle),
  HandlerPostgresUpsert: effect(PostgresUpsertRegistration, [], idle),
  HandlerPostgresUpdate: effect(PostgresUpdateRegistration, [], idle),
});

const validated = validateDomain(fileURLToPath(new URL("../../contracts/registration", import.meta.url)), code);

/** The loader's diagnostics of the shipped contracts. */
export const shippedDiagnostics: readonly Diagnostic[] = validated.diagnostics;

/** The shipped contracts, compiled with the shipped code; the effects are never run. */
export const shippedDomain: Domain = shippedDomainIn("");

/** In a namespace, which its topics' names have. */
export function shippedDomainIn(namespace: string): Domain {
  if (!validated.model)
    throw new Error(validated.diagnostics.map(({ code: id, message }) => `${id} ${message}`).join("\n"));
  return compileDomain(validated.model, { env: "dev", namespace });
}
