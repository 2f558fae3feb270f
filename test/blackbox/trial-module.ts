import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../tidy/sources.ts";

const PACKAGE = join(ROOT, "dist/app/index.js");

/** A module that would do, with other text in its place. */
export const trialModule = ({
  top = "",
  name = "trial",
  domain = "trial",
  api = "1",
  code = "() => codeOf()",
  more = "",
} = {}): string => `
import { defineModule, handlersOf, message, reducer, z } from ${JSON.stringify(PACKAGE)};
${top}
const Asked = message("Asked", { thing_id: z.string() });
const Answered = message("Answered", {});
const handler = handlersOf();
const codeOf = () => ({
  messages: [Asked, Answered],
  handlers: { HandlerAsked: handler(Asked, {}, { answer: () => [Answered.of({})] }) },
  reducer: reducer(z.object({}), {}, {}),
  intents: [],
  effects: {},
});
export default defineModule({
  api: ${api},
  name: "${name}",
  domains: [{ name: "${domain}", contracts: new URL("./contracts/", import.meta.url), code: ${code} }],
  ${more}
});
`;

const contracts = (domain: string): string => `
name: things
node_type: ORCHESTRATOR
contract_version: { major: 1, minor: 0, patch: 0 }
domain: ${domain}
entity_id: thing_id
attempt: { id: answer_id, started_by: Answered }
consumed_events: [{ topic: "{env}.{namespace}.${domain}.asked", event_type: Asked }]
published_events: [{ topic: "{env}.{namespace}.${domain}.answered", event_type: Answered }]
dead_letter_topic: "{env}.{namespace}.${domain}.dead"
handler_routing:
  routing_strategy: payload_type_match
  handlers:
    - event_model: { name: Asked }
      handler: { name: HandlerAsked }
      output_events: [Answered]
      action: answer
state_machine:
  state_machine_name: things
  initial_state: null
  states: [{ state_name: ANSWERED, is_terminal: true }]
  transitions: [{ from_state: [null, ANSWERED], trigger: Answered, to_state: ANSWERED }]
`;

const reducerContract = (domain: string): string => `
name: things_state
node_type: REDUCER
contract_version: { major: 1, minor: 0, patch: 0 }
domain: ${domain}
consumed_events: [{ event_type: Answered, trigger: answered }]
state_machine:
  state_machine_name: things_state
  initial_state: idle
  states: [{ state_name: idle, rests: true }]
  transitions: [{ from_state: idle, trigger: answered, to_state: idle }]
intent_emission: { intents: [] }
`;

/** A module in a folder, in `trial.mjs`: its one domain answers what is asked. */
export function writeTrialModule(folder: string, domain = "trial"): string {
  mkdirSync(join(folder, "contracts"), { recursive: true });
  writeFileSync(join(folder, "contracts/things.yaml"), contracts(domain));
  writeFileSync(join(folder, "contracts/state.yaml"), reducerContract(domain));
  const file = join(folder, "trial.mjs");
  writeFileSync(file, trialModule({ name: domain, domain }));
  return file;
}
