import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { defineModule, type Module } from "../../../app/host/module.ts";
import type { Backends } from "../../../effects/backends.ts";
import { HandlerConsulDeregister } from "../../../effects/service-catalog/consul-deregister.effect.ts";
import { HandlerConsulRegister } from "../../../effects/service-catalog/consul-register.effect.ts";
import {
  type CatalogService,
  ConsulDeregister,
  ConsulRegister,
  ConsulRegistrationConfirmed,
} from "../../../effects/service-catalog/messages.ts";
import type { InventoryEntry, Repair } from "../../../runtime/core/drift.ts";
import { type EntityView, handlersOf } from "../../../runtime/core/handler.ts";
import { message } from "../../../runtime/core/message.ts";
import { reducer } from "../../../runtime/core/reducer.ts";

const OpenKiosk = message("OpenKiosk", { kiosk_id: z.string() });
const CloseKiosk = message("CloseKiosk", { kiosk_id: z.string() });
const KioskOpened = message("KioskOpened", {});
const KioskClosed = message("KioskClosed", {});
const handler = handlersOf<Record<string, never>>();

const orchestrator = (domain: string): string => `
name: kiosks
node_type: ORCHESTRATOR
contract_version: { major: 1, minor: 0, patch: 0 }
domain: ${domain}
entity_id: kiosk_id
attempt: { id: opening_id, started_by: KioskOpened }
consumed_events:
  - { topic: "{env}.{namespace}.${domain}.open", event_type: OpenKiosk }
  - { topic: "{env}.{namespace}.${domain}.close", event_type: CloseKiosk }
published_events:
  - { topic: "{env}.{namespace}.${domain}.events", event_type: KioskOpened }
  - { topic: "{env}.{namespace}.${domain}.events", event_type: KioskClosed }
dead_letter_topic: "{env}.{namespace}.${domain}.dead"
handler_routing:
  routing_strategy: payload_type_match
  handlers:
    - event_model: { name: OpenKiosk }
      handler: { name: HandlerOpen }
      output_events: [KioskOpened]
      state_decision_matrix:
        - { current_state: OPEN, action: no_op, reason: "it is open" }
        - { current_state: "*", action: open }
    - event_model: { name: CloseKiosk }
      handler: { name: HandlerClose }
      output_events: [KioskClosed]
      state_decision_matrix:
        - { current_state: OPEN, action: close }
        - { current_state: "*", action: no_op, reason: "it is not open" }
state_machine:
  state_machine_name: kiosks
  initial_state: null
  states: [{ state_name: OPEN }, { state_name: CLOSED, is_terminal: true }]
  transitions:
    - { from_state: [null, CLOSED], trigger: KioskOpened, to_state: OPEN }
    - { from_state: OPEN, trigger: KioskClosed, to_state: CLOSED }
`;

const reducerContract = (domain: string): string => `
name: kiosk_services
node_type: REDUCER
contract_version: { major: 1, minor: 0, patch: 0 }
domain: ${domain}
consumed_events:
  - { event_type: KioskOpened, trigger: opened }
  - { event_type: KioskClosed, trigger: closed }
  - { event_type: ConsulRegistrationConfirmed, trigger: confirmed }
state_machine:
  state_machine_name: kiosk_services
  initial_state: idle
  states: [{ state_name: idle, rests: true }, { state_name: listed, rests: true }]
  transitions:
    - { from_state: idle, trigger: opened, to_state: listed, actions: [emit_register] }
    - { from_state: listed, trigger: confirmed, to_state: listed }
    - { from_state: listed, trigger: closed, to_state: idle, actions: [emit_deregister] }
intent_emission:
  intents:
    - { action_name: emit_register, intent_type: consul.register, target_pattern: "consul://service/{service_id}" }
    - { action_name: emit_deregister, intent_type: consul.deregister, target_pattern: "consul://service/{service_id}" }
`;

const effects = (domain: string): string => `
name: kiosk_effects
node_type: EFFECT
contract_version: { major: 1, minor: 0, patch: 0 }
domain: ${domain}
handler_routing:
  routing_strategy: operation_match
  defaults: { retry_policy: { max_retries: unlimited } }
  handlers:
    - operation: list_kiosk
      intent_type: consul.register
      handler: { name: HandlerConsulRegister }
      backend: consul
      output_events: [ConsulRegistrationConfirmed]
      compensated_by: consul.deregister
    - operation: drop_kiosk
      intent_type: consul.deregister
      handler: { name: HandlerConsulDeregister }
      backend: consul
`;

const serviceOf = (domain: string, id: string): string => `${domain}-${id}`;

const codeOf = (domain: string, { serviceCatalog: { registry } }: Backends) => ({
  messages: [OpenKiosk, CloseKiosk, KioskOpened, KioskClosed, ConsulRegistrationConfirmed],
  handlers: {
    HandlerOpen: handler(OpenKiosk, {}, { open: () => [KioskOpened.of({})] }),
    HandlerClose: handler(CloseKiosk, {}, { close: () => [KioskClosed.of({})] }),
  },
  reducer: reducer(
    z.object({}),
    {},
    {
      emit_register: (_, { entity }) => registerKiosk(domain, entity.id),
      emit_deregister: (_, { entity }) => ConsulDeregister.of({ service_id: serviceOf(domain, entity.id) }),
    },
  ),
  intents: [ConsulRegister, ConsulDeregister],
  effects: {
    HandlerConsulRegister: HandlerConsulRegister(registry),
    HandlerConsulDeregister: HandlerConsulDeregister(registry),
  },
  reconciled: [{ backend: "consul", inventory: registry, repairs: repairsOf(domain) }],
});

const registerKiosk = (domain: string, id: string) =>
  ConsulRegister.of({
    ...{ service_id: serviceOf(domain, id), service_name: domain, tags: [], address: null, port: null },
    check: { status: "passing", note: "open" },
  });

const repairsOf =
  (domain: string) =>
  (entity: EntityView<never> | undefined, entries: readonly InventoryEntry[]): Repair[] => {
    const services = entries.map(({ content }) => content as CatalogService);
    if (entity?.state !== "OPEN")
      return services.map(({ service_id }) => ({
        ...{ kind: "leftover", description: `${service_id} still exists` },
        intent: ConsulDeregister.of({ service_id }),
      }));
    if (services.length > 0) return [];
    return [{ kind: "missing", description: `${entity.id} is missing`, intent: registerKiosk(domain, entity.id) }];
  };

/** A domain whose open kiosks are services in the catalogue. */
export function kioskModule(domain: string, folder: string): Module {
  const contracts = join(folder, domain);
  mkdirSync(contracts, { recursive: true });
  writeFileSync(join(contracts, "orchestrator.yaml"), orchestrator(domain));
  writeFileSync(join(contracts, "reducer.yaml"), reducerContract(domain));
  writeFileSync(join(contracts, "effects.yaml"), effects(domain));
  return defineModule({
    api: 1,
    name: domain,
    domains: [
      { name: domain, contracts: pathToFileURL(`${contracts}/`), code: (backends) => codeOf(domain, backends) },
    ],
  });
}
