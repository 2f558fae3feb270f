import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { initializeStore } from "../initialized-store.ts";
import { ROOT } from "../tidy/sources.ts";
import { startProgram } from "./program.ts";

const ROLLCALL = join(ROOT, "dist/app/rollcall.js");
const PACKAGE = join(ROOT, "dist/app/index.js");

/** A module that would do, with other text in its place. */
const moduleText = ({
  top = "",
  name = "trial",
  domain = "trial",
  api = "1",
  code = "() => codeOf()",
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
});
`;

const CONTRACTS = `
name: things
node_type: ORCHESTRATOR
contract_version: { major: 1, minor: 0, patch: 0 }
domain: trial
entity_id: thing_id
attempt: { id: answer_id, started_by: Answered }
consumed_events: [{ topic: "{env}.trial.asked", event_type: Asked }]
published_events: [{ topic: "{env}.trial.answered", event_type: Answered }]
dead_letter_topic: "{env}.trial.dead"
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

const REDUCER = `
name: things_state
node_type: REDUCER
contract_version: { major: 1, minor: 0, patch: 0 }
domain: trial
consumed_events: [{ event_type: Answered, trigger: answered }]
state_machine:
  state_machine_name: things_state
  initial_state: idle
  states: [{ state_name: idle, is_terminal: true }]
  transitions: [{ from_state: idle, trigger: answered, to_state: idle }]
intent_emission: { intents: [] }
`;

describe("a bad module beside others", () => {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "rollcall-bad-module-"));
    mkdirSync(join(folder, "contracts"));
    writeFileSync(join(folder, "contracts/things.yaml"), CONTRACTS);
    writeFileSync(join(folder, "contracts/state.yaml"), REDUCER);
    writeFileSync(join(folder, "good.mjs"), moduleText());
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const environment = { ROLLCALL_HTTP_PORT: "0", ROLLCALL_PARTITIONS: "2" };
  const start = (file: string, ...more: readonly string[]) =>
    spawnSync(process.execPath, [ROLLCALL, "start", "--module", "registration", "--module", `./${file}`, ...more], {
      cwd: folder,
      encoding: "utf8",
      env: { ...process.env, ...environment, ROLLCALL_DATA_DIR: join(folder, "unused") },
      timeout: 50_000,
    });

  const REFUSED: readonly (readonly [what: string, text: string, message: RegExp])[] = [
    [
      "throws on import",
      moduleText({ top: 'throw new Error("no licence");' }),
      /bad\.mjs can't be loaded: Error: no lic/,
    ],
    ["has another api", moduleText({ api: "2" }), /api: must be 1, not 2: the module is for another version/],
    ["has code that is a promise", moduleText({ code: "() => new Promise(() => {})" }), /code\(\): messages: /],
    ["throws in code()", moduleText({ code: '() => { throw new Error("no key"); }' }), /code\(\) throws Error: no key/],
    ["has a name that is taken", moduleText({ name: "registration" }), /two modules have the name reg/],
    ["has a domain that is taken", moduleText({ domain: "registration" }), /two modules have the domain registration/],
  ];
  it.each(REFUSED)("is refused by name before anything moves: one that %s", (_what, text, message) => {
    writeFileSync(join(folder, "bad.mjs"), text);
    const { status, stderr } = start("bad.mjs");
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(message) });
    expect(stderr.split("\n")[0]).toMatch(/^rollcall: /);
  });

  it("can be left out by the domains that are wanted", async () => {
    writeFileSync(join(folder, "bad.mjs"), moduleText({ top: 'throw new Error("no licence");' }));
    const data = join(folder, "data");
    await initializeStore(data);
    const program = await startProgram({
      environment: { ...environment, ROLLCALL_DATA_DIR: data },
      command: ["start", "--module", "registration", "--module", join(folder, "bad.mjs"), "--only", "registration"],
    });
    expect((await program.stop()).code).toBe(0);
    expect(program.said()).toContain("no licence");
  });

  const ENDS: readonly (readonly [what: string, top: string])[] = [
    ["rejects a promise that nobody awaits", 'setTimeout(() => void Promise.reject(new Error("not awaited")), 4000);'],
    ["throws in a timer", 'setTimeout(() => { throw new Error("in a timer"); }, 4000);'],
  ];
  it.each(ENDS)("ends the process with the remedy in its last line: one that %s", async (what, top) => {
    writeFileSync(join(folder, "late.mjs"), moduleText({ top }));
    const data = join(folder, what);
    await initializeStore(data);
    const program = await startProgram({
      environment: { ...environment, ROLLCALL_DATA_DIR: data },
      command: ["start", "--module", join(folder, "late.mjs")],
    });
    expect((await program.ended).code).toBe(1);
    const last = program.said().trim().split("\n").at(-1);
    expect(last).toMatch(/(not awaited|in a timer).*--only DOMAINS serves others without it/);
  });
});
