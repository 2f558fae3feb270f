import type { Installed } from "../installed.ts";

const VERSION = "contract_version: { major: 1, minor: 0, patch: 0 }\ndomain: printers\n";

const ORCHESTRATOR = `
name: printer_orchestrator
node_type: ORCHESTRATOR
${VERSION}
entity_id: printer_id
attempt: { id: listing_id, started_by: PrinterFound }
consumed_events: [{ topic: "{env}.printers.seen", event_type: PrinterSeen }]
published_events:
  - { topic: "{env}.printers.events", event_type: PrinterFound }
dead_letter_topic: "{env}.printers.dead"
handler_routing:
  routing_strategy: payload_type_match
  handlers:
    - event_model: { name: PrinterSeen }
      handler: { name: HandlerPrinterSeen }
      output_events: [PrinterFound]
      state_decision_matrix:
        - { current_state: [null, LISTED], action: find }
        - { current_state: "*", action: no_op, reason: "it is being listed" }
state_machine:
  state_machine_name: printer_states
  initial_state: null
  states:
    - { state_name: FOUND }
    - { state_name: LISTED, is_terminal: true }
  transitions:
    - { from_state: [null, LISTED], trigger: PrinterFound, to_state: FOUND }
    - { from_state: FOUND, trigger: ConsulRegistrationConfirmed, to_state: LISTED }
`;

const REDUCER = `
name: printer_reducer
node_type: REDUCER
${VERSION}
consumed_events: [{ event_type: PrinterFound, trigger: found }]
state_machine:
  state_machine_name: printer_entries
  initial_state: idle
  states:
    - { state_name: idle, rests: true }
    - { state_name: entered, rests: true, entry_actions: [emit_entry] }
  transitions:
    - { from_state: idle, trigger: found, to_state: entered }
    - { from_state: entered, trigger: found, to_state: entered, actions: [emit_entry] }
intent_emission:
  intents: [{ action_name: emit_entry, intent_type: consul.register, target_pattern: "consul://{service_id}" }]
`;

const EFFECTS = `
name: printer_effects
node_type: EFFECT
${VERSION}
handler_routing:
  routing_strategy: operation_match
  handlers:
    - operation: list_printer
      intent_type: consul.register
      handler: { name: HandlerConsulRegister }
      backend: consul
      output_events: [ConsulRegistrationConfirmed]
      retry_policy: { max_retries: unlimited }
`;

const MODULE = `
import {
  defineModule,
  handlersOf,
  type Job,
  type Measure,
  message,
  type ModuleHttp,
  reducer,
  type RoutesContext,
  z,
} from "rollcall";
import { type Backends, ConsulRegister, ConsulRegistrationConfirmed, serviceCatalogEffects } from "rollcall/backends";

export const PrinterSeen = message("PrinterSeen", { printer_id: z.string() });
const PrinterFound = message("PrinterFound", {});
const handler = handlersOf<object>();

export const codeOn = (backends: Backends) => ({
  messages: [PrinterSeen, PrinterFound, ConsulRegistrationConfirmed],
  handlers: { HandlerPrinterSeen: handler(PrinterSeen, {}, { find: () => [PrinterFound.of({})] }) },
  reducer: reducer(z.object({}), {}, {
    emit_entry: (_, { entity }) =>
      ConsulRegister.of({
        service_id: "printer-" + entity.id,
        service_name: "printers",
        tags: [],
        address: "10.0.0.9",
        port: 631,
        check: { status: "passing", note: "seen" },
      }),
  }),
  intents: [ConsulRegister],
  effects: { HandlerConsulRegister: serviceCatalogEffects(backends).HandlerConsulRegister },
});

const search: Job = {
  name: "search",
  every: "1s",
  async run({ publish, read, signal }) {
    const [first, second] = await read({ limit: 2 });
    if (!first || second?.id === first.id + "-twin" || signal.aborted) return;
    await publish("PrinterSeen", { printer_id: first.id + "-twin" });
  },
};

const seen: Measure = {
  name: "printer_seen",
  help: "From the log to the decision.",
  durationMs: ({ events, entity }, brokerTimeMs) =>
    entity && events.length > 0 ? brokerTimeMs() - entity.stateSince : undefined,
};

function routes(http: ModuleHttp, { name, publish, read }: RoutesContext): void {
  http.route({
    method: "GET",
    url: "/api/v1/printers",
    config: { access: ["reader"] },
    handler: async () => ({ name, ids: (await read()).map(({ id }) => id) }),
  });
  http.route({
    method: "POST",
    url: "/api/v1/printers/:printer_id",
    config: { access: [] },
    async handler({ params }, reply) {
      await publish("PrinterSeen", z.object({ printer_id: z.string() }).parse(params));
      reply.code(202).header("location", "/api/v1/printers");
      return {};
    },
  });
}

class Network {
  constructor(readonly community: string) {}
  async ping(): Promise<string> {
    return "network of " + this.community;
  }
}

export default defineModule({
  api: 1,
  name: "printers",
  config: z.object({ PRINTERS_COMMUNITY: z.string().default("public").describe("whose printers are looked for") }),
  backends: {
    network: {
      open: ({ PRINTERS_COMMUNITY }) => new Network(PRINTERS_COMMUNITY),
      check: (network) => network.ping(),
    },
  },
  domains: [
    {
      name: "printers",
      contracts: new URL("./contracts/", import.meta.url),
      code: (backends: Backends & { readonly network: Network }) => codeOn(backends),
      jobs: [
        search,
        {
          name: "announce",
          every: "1d",
          async run({ backends: { network }, config }) {
            const community: string = network.community;
            if (community !== config.PRINTERS_COMMUNITY) throw new Error(await network.ping());
          },
        },
      ],
      measures: [seen],
    },
  ],
  commands: { printers: () => import("./commands.js") },
  routes,
});
`;

const COMMANDS = `
interface Program {
  command(name: string): { description(text: string): { action(run: () => void): unknown } };
}

export function addCommands(program: Program): void {
  program.command("printers").description("what is printed").action(() => console.log("nothing"));
}
`;

const MAIN = `
import type { ServiceCatalog } from "rollcall/backends";
import { type Decision, memoryServiceCatalog, testDomain } from "rollcall/testing";
import printers, { PrinterSeen } from "./module.ts";

const serviceCatalog: ServiceCatalog = memoryServiceCatalog({ env: "test", namespace: "", domain: "printers" });
const domain = testDomain<Record<string, never>>(printers, { backends: { serviceCatalog } });
domain.given(PrinterSeen.of({ printer_id: "p1" }));
const decisions: readonly Decision[] = await domain.runEffects();
const services = await serviceCatalog.discovery.services("printers", true);
const states = decisions.map(({ state }) => state);
console.log(states.join(), services.map(({ address, port }) => address + ":" + port).join());
`;

/**
 * A stranger's domain in TypeScript that writes to the service catalog, with all that a module may have, and with a
 * program that tests it.
 */
export function catalogDomain(installed: Installed, folder: string): string {
  installed.write(`${folder}/package.json`, '{ "type": "module" }\n');
  installed.write(`${folder}/contracts/orchestrator.yaml`, ORCHESTRATOR);
  installed.write(`${folder}/contracts/reducer.yaml`, REDUCER);
  installed.write(`${folder}/contracts/effects.yaml`, EFFECTS);
  installed.write(`${folder}/module.ts`, MODULE);
  installed.write(`${folder}/commands.ts`, COMMANDS);
  return installed.write(`${folder}/main.ts`, MAIN).replace(/ts$/, "js");
}
