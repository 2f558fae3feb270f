import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../tidy/sources.ts";

const PACKAGE = join(ROOT, "dist/app/index.js");

const MODULE = `
import { defineModule, effect, handlersOf, intent, message, reducer, z } from ${JSON.stringify(PACKAGE)};
const OpenDepot = message("OpenDepot", { place: z.string(), hall: z.number().int() });
const DepotOpened = message("DepotOpened", { hall: z.number().int() });
const KeysOrdered = message("KeysOrdered", {});
const OrderKeys = intent("keys.order", { place: z.string() });
const handler = handlersOf();
export default defineModule({
  api: 1,
  name: "depots",
  domains: [
    {
      name: "depots",
      contracts: new URL("./contracts/", import.meta.url),
      code: () => ({
        messages: [OpenDepot, DepotOpened, KeysOrdered],
        handlers: {
          HandlerOpen: handler(OpenDepot, {}, {
            open: ({ message: { payload } }) => {
              if (payload.hall > 9) throw new Error("there is no such hall");
              return [DepotOpened.of({ hall: payload.hall })];
            },
          }),
        },
        reducer: reducer(z.object({}), {}, {
          order_keys: (_, { entity }) => OrderKeys.of({ place: entity.id }),
        }),
        intents: [OrderKeys],
        effects: { HandlerOrderKeys: effect(OrderKeys, [], () => new Promise(() => {})) },
      }),
    },
  ],
});
`;

const ORCHESTRATOR = `
name: depots
node_type: ORCHESTRATOR
contract_version: { major: 1, minor: 0, patch: 0 }
domain: depots
lifecycle: once
entity_id: place
consumed_events: [{ event_type: OpenDepot }]
published_events: [{ event_type: DepotOpened }]
handler_routing:
  handlers:
    - event_model: { name: OpenDepot }
      handler: { name: HandlerOpen }
      output_events: [DepotOpened]
      action: open
state_machine:
  states: [{ state_name: OPEN, is_terminal: true }]
  transitions: [{ from_state: null, trigger: DepotOpened, to_state: OPEN }]
`;

const REDUCER = `
name: depot_keys
node_type: REDUCER
contract_version: { major: 1, minor: 0, patch: 0 }
domain: depots
consumed_events: [{ event_type: DepotOpened, trigger: opened }, { event_type: KeysOrdered, trigger: ordered }]
state_machine:
  initial_state: idle
  states: [{ state_name: idle, rests: true }, { state_name: waiting }]
  transitions:
    - { from_state: idle, trigger: opened, to_state: waiting, actions: [order_keys] }
    - { from_state: waiting, trigger: ordered, to_state: idle }
intent_emission:
  intents: [{ action_name: order_keys, intent_type: keys.order, target_pattern: "keys://{place}" }]
`;

const EFFECTS = `
name: depot_effects
node_type: EFFECT
contract_version: { major: 1, minor: 0, patch: 0 }
domain: depots
handler_routing:
  handlers:
    - operation: order_keys
      intent_type: keys.order
      handler: { name: HandlerOrderKeys }
      backend: locksmith
      output_events: [KeysOrdered]
      retry_policy: { max_retries: unlimited }
`;

/**
 * A module in a folder: its keys are any text, its handler refuses some messages, a depot is opened once, and the
 * effect never answers.
 */
export function writeDepotModule(folder: string): string {
  mkdirSync(join(folder, "contracts"), { recursive: true });
  writeFileSync(join(folder, "contracts/orchestrator.yaml"), ORCHESTRATOR);
  writeFileSync(join(folder, "contracts/reducer.yaml"), REDUCER);
  writeFileSync(join(folder, "contracts/effects.yaml"), EFFECTS);
  const file = join(folder, "module.mjs");
  writeFileSync(file, MODULE);
  return file;
}
