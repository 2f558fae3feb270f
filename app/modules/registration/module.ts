import {
  ConsulDeregister,
  ConsulRegister,
  ConsulSetStatus,
  ConsulRegistrationConfirmed,
} from "../../../effects/service-catalog/messages.ts";
import {
  PostgresUpdateRegistration,
  PostgresUpsertRegistration,
} from "../../../contracts/registration/messages/intents.ts";
import { NodeBecameActive } from "../../../contracts/registration/messages/node-became-active.ts";
import { NodeDeregister } from "../../../contracts/registration/messages/node-deregister.ts";
import { NodeDeregistered } from "../../../contracts/registration/messages/node-deregistered.ts";
import { NodeHeartbeatEvent } from "../../../contracts/registration/messages/node-heartbeat-event.ts";
import { NodeIntrospectionEvent } from "../../../contracts/registration/messages/node-introspection-event.ts";
import { NodeLivenessExpired } from "../../../contracts/registration/messages/node-liveness-expired.ts";
import { NodeRegistrationAccepted } from "../../../contracts/registration/messages/node-registration-accepted.ts";
import {
  NodeRegistrationAckReceived,
  NodeRegistrationAckTimedOut,
} from "../../../contracts/registration/messages/ack-events.ts";
import { NodeRegistrationAcked } from "../../../contracts/registration/messages/node-registration-acked.ts";
import { NodeRegistrationInitiated } from "../../../contracts/registration/messages/node-registration-initiated.ts";
import { NodeRegistrationRejected } from "../../../contracts/registration/messages/node-registration-rejected.ts";
import { NodeUpdated } from "../../../contracts/registration/messages/node-updated.ts";
import { PostgresRegistrationConfirmed } from "../../../contracts/registration/messages/outcomes.ts";
import { RegistrationCompleted, RegistrationFailed } from "../../../contracts/registration/messages/raised.ts";
import { serviceCatalogEffects } from "../../../effects/service-catalog/effects.ts";
import type { Backends } from "../../../effects/backends.ts";
import { postgresInventory } from "../../../effects/postgres/postgres-inventory.ts";
import { HandlerPostgresUpdate } from "../../../effects/postgres/postgres-update.effect.ts";
import { HandlerPostgresUpsert } from "../../../effects/postgres/postgres-upsert.effect.ts";
import { HandlerAckDeadline } from "../../../nodes/registration/ack-deadline.handler.ts";
import { HandlerLivenessDeadline } from "../../../nodes/registration/liveness-deadline.handler.ts";
import { HandlerNodeDeregister } from "../../../nodes/registration/node-deregister.handler.ts";
import { HandlerNodeIntrospected } from "../../../nodes/registration/node-introspected.handler.ts";
import { HandlerNodeRegistrationAcked } from "../../../nodes/registration/node-registration-acked.handler.ts";
import { HandlerRegistrationCompleted } from "../../../nodes/registration/registration-completed.handler.ts";
import { HandlerRegistrationFailed } from "../../../nodes/registration/registration-failed.handler.ts";
import { consulDrift } from "../../../reducers/registration/consul.drift.ts";
import { postgresDrift } from "../../../reducers/registration/postgres.drift.ts";
import { registrationReducer } from "../../../reducers/registration/registration.reducer.ts";
import type { DomainCode } from "../../../runtime/core/domain.ts";
import type { ReconciledBackend } from "../../../runtime/core/drift.ts";
import type { Effect } from "../../../runtime/core/effect.ts";
import { defineModule } from "../../host/module.ts";
import { loadableAs } from "../../host/module-specifiers.ts";
import type { DomainApi } from "../../http/server/domain-api.ts";
import type { Http } from "../../http/server/route-types.ts";
import { activationMs } from "./activation-time.ts";

/**
 * The registration domain's code, by the names that its contracts use.
 * @param effects the only part that does I/O, so that a test can pass its own
 * @param reconciled backends that are compared with the entities at intervals, and repaired
 */
export const registrationCode = (
  effects: Readonly<Record<string, Effect>>,
  reconciled: readonly ReconciledBackend[] = [],
): DomainCode => ({
  domain: "registration",
  messages: [
    NodeIntrospectionEvent,
    NodeRegistrationAcked,
    NodeHeartbeatEvent,
    NodeDeregister,
    NodeRegistrationInitiated,
    NodeRegistrationAccepted,
    NodeRegistrationRejected,
    NodeRegistrationAckReceived,
    NodeRegistrationAckTimedOut,
    NodeBecameActive,
    NodeUpdated,
    NodeLivenessExpired,
    NodeDeregistered,
    RegistrationCompleted,
    RegistrationFailed,
    ConsulRegistrationConfirmed,
    PostgresRegistrationConfirmed,
  ],
  handlers: {
    HandlerNodeIntrospected,
    HandlerNodeRegistrationAcked,
    HandlerNodeDeregister,
    HandlerRegistrationCompleted,
    HandlerRegistrationFailed,
    HandlerAckDeadline,
    HandlerLivenessDeadline,
  },
  reducer: registrationReducer,
  intents: [ConsulRegister, ConsulSetStatus, ConsulDeregister, PostgresUpsertRegistration, PostgresUpdateRegistration],
  effects,
  reconciled,
});

/** The registration domain's code with its effects on backends. */
export const registrationOn = (backends: Backends): DomainCode => {
  const { registry } = backends.serviceCatalog;
  return registrationCode(
    {
      ...serviceCatalogEffects(backends),
      HandlerPostgresUpsert: HandlerPostgresUpsert(backends.sql),
      HandlerPostgresUpdate: HandlerPostgresUpdate(backends.sql),
    },
    [
      { backend: "consul", inventory: registry, repairs: consulDrift },
      { backend: "postgres", inventory: postgresInventory(backends.sql), repairs: postgresDrift },
    ],
  );
};

export const REGISTRATION_CONTRACTS = new URL("../../../contracts/registration/", import.meta.url);

const module = defineModule({
  api: 1,
  name: "registration",
  domains: [
    {
      name: "registration",
      contracts: REGISTRATION_CONTRACTS,
      code: registrationOn,
      measures: [{ name: "activation", help: "From introspection to active.", durationMs: activationMs }],
    },
  ],
  isAtRoot: true,
  // Loaded when it is served: commands that only read contracts need no HTTP.
  routes: async (http: Http, api: DomainApi) => (await import("./routes.ts")).addRoutes(http, api),
});

export const registration = loadableAs(module, module.name);
