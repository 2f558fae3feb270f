import { writeFileSync } from "node:fs";
import { join } from "node:path";

const HEAD = "contract_version: { major: 1, minor: 0, patch: 0 }\ndomain: runs\n";

/** What runs once, and is kept for a week; whether it is done only a person can say. */
const FILES = {
  "contracts/contract.yaml": `
name: runs
node_type: ORCHESTRATOR
${HEAD}lifecycle: once
entity_id: run_id
attempt: { id: attempt_id, started_by: RunStarted }
consumed_events: [{ event_type: StartRun }, { event_type: CancelRun }]
published_events: [{ event_type: RunStarted }, { event_type: RunEnded }]
handler_routing:
  handlers:
    - event_model: { name: StartRun }
      output_events: [RunStarted]
      state_decision_matrix: [{ current_state: null }, { current_state: "*", action: no_op, reason: "it has begun" }]
    - event_model: { name: CancelRun }
      output_events: [RunEnded]
      state_decision_matrix: [{ current_state: RUNNING }, { current_state: "*", action: no_op, reason: "it is over" }]
    - event_model: { name: WorkDone }
      output_events: [RunEnded]
      state_decision_matrix: [{ current_state: RUNNING }, { current_state: "*", action: no_op, reason: "it is over" }]
state_machine:
  states: [{ state_name: RUNNING }, { state_name: ENDED, is_terminal: true, retain: 7d }]
  transitions:
    - { from_state: null, trigger: RunStarted, to_state: RUNNING }
    - { from_state: RUNNING, trigger: RunEnded, to_state: ENDED }
`,
  "contracts/reducer.yaml": `
name: runs_reducer
node_type: REDUCER
${HEAD}consumed_events: [{ event_type: RunStarted, trigger: started }, { event_type: RunEnded, trigger: ended }]
state_machine:
  initial_state: idle
  states: [{ state_name: idle, rests: true }, { state_name: working, entry_actions: [emit_work] }]
  transitions:
    - { from_state: idle, trigger: started, to_state: working }
    - { from_state: working, trigger: ended, to_state: idle }
intent_emission:
  intents: [{ action_name: emit_work, intent_type: work.do, target_pattern: "work://{run_id}" }]
`,
  "contracts/effects.yaml": `
name: runs_effects
node_type: EFFECT
${HEAD}handler_routing:
  handlers:
    - operation: do_work
      intent_type: work.do
      handler: { name: HandlerWork }
      backend: works
      output_events: [WorkDone]
      ask_again: { first: 50ms, max: 50ms }
      retry_policy: { max_retries: unlimited }
`,
  "module.js": `
import { defineModule, effect, intent, message, notYet, reducer, z } from "rollcall";
const WorkDo = intent("work.do", { run_id: z.string() });
const work = (_, { entity }) => WorkDo.of({ run_id: entity.id });
export default defineModule({
  api: 1,
  name: "runs",
  domains: [
    {
      name: "runs",
      contracts: new URL("./contracts/", import.meta.url),
      code: () => ({
        messages: [
          ...["StartRun", "CancelRun"].map((type) => message(type, { run_id: z.string() })),
          ...["RunStarted", "RunEnded", "WorkDone"].map((type) => message(type, {})),
        ],
        reducer: reducer(z.object({}), {}, { emit_work: work }),
        intents: [WorkDo],
        effects: {
          HandlerWork: effect(WorkDo, [], async (intents) => intents.map(() => notYet("a person decides"))),
        },
      }),
    },
  ],
});
`,
};

/** Puts it in a module's place. */
export function runDomain(folder: string): void {
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text.trimStart());
}
