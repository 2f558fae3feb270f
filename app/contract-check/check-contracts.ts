import { on } from "node:events";
import { parentPort } from "node:worker_threads";
import type { Command } from "commander";
import { compileDomain } from "../../runtime/contract/compile/compile-domain.ts";
import { checkModel } from "../../runtime/contract/exploration/check-model.ts";
import { buildGraph } from "../../runtime/contract/graph/graph.ts";
import type { DomainModel } from "../../runtime/contract/model/domain-model.ts";
import { validateFiles } from "../../runtime/contract/checks/validate.ts";
import type { JournalLine } from "../journal/journal-line.ts";
import { openJournal } from "../journal/open-journal.ts";
import { runPlan } from "../journal/plan-report.ts";
import type { Module } from "../host/module.ts";
import { chosenModules, declaredDomains } from "../host/modules.ts";
import type { CheckRequest, ContractCheck } from "./contract-check.ts";

/** What the thread says: it wants more lines of the journal, or it is done. No lines tell it that there are no more. */
export type WorkerMessage = "lines" | { readonly result: ContractCheck } | { readonly failed: string };

/** Hidden: the server starts it as the thread that checks contracts. */
export function addCommands(program: Command): void {
  program.command("contract-check-worker", { hidden: true }).action(runWorker);
}

/** One request after the other, until the thread is ended. */
async function runWorker(): Promise<void> {
  const port = parentPort;
  if (!port) throw new Error("check-contracts runs only as a worker thread of the server");
  const messages = on(port, "message");
  const nextMessage = async <Message>(): Promise<Message> => ((await messages.next()).value as [Message])[0];
  const send = (message: WorkerMessage): void => port.postMessage(message);
  async function* journal(): AsyncGenerator<JournalLine> {
    for (;;) {
      send("lines");
      const lines = await nextMessage<readonly JournalLine[]>();
      if (lines.length === 0) return;
      yield* lines;
    }
  }
  for (;;) {
    const request = await nextMessage<CheckRequest>();
    await checkOfModule(request, journal()).then(
      (result) => send({ result }),
      (error: unknown) => send({ failed: error instanceof Error ? error.message : String(error) }),
    );
  }
}

const checkOfModule = async (
  { module, ...request }: CheckRequest,
  lines: AsyncIterable<JournalLine>,
): Promise<ContractCheck> => checkContracts(await chosenModules([module], process.cwd()), request, lines);

/**
 * What `validate`, `graph`, `check` and `plan` say of contracts that lie in no folder.
 * @param lines of the journal, read for a plan only
 */
export async function checkContracts(
  modules: readonly Module[],
  { domain, files, model: explores, planHours }: Omit<CheckRequest, "module">,
  lines: AsyncIterable<JournalLine>,
  statesMax?: number,
): Promise<ContractCheck> {
  const codes = declaredDomains(modules)
    .filter(({ name }) => name === domain)
    .map(({ code }) => code);
  const { model, diagnostics: found } = validateFiles("the contracts", files, ...codes);
  const diagnostics = [...found];
  if (!model) return { diagnostics, graph: null, model: null, plan: null };
  const checked = { diagnostics, graph: buildGraph(model), model: explores ? explored(model, statesMax) : null };
  if (planHours === undefined) return { ...checked, plan: null };
  const journal = await openJournal(lines, () => ({
    code: model.code,
    compile: (names) => compileDomain(model, names),
  }));
  return { ...checked, plan: await runPlan(journal, journal.fallback, planHours) };
}

function explored(domain: DomainModel, statesMax: number | undefined): ContractCheck["model"] {
  const { states, transitions, diagnostics, untaken } = checkModel(domain, statesMax);
  return { states, transitions, violations: [...diagnostics], untaken: [...untaken] };
}
