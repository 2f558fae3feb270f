import { on } from "node:events";
import { parentPort } from "node:worker_threads";
import type { Command } from "commander";
import { compileDomain } from "../../runtime/contract/compile/compile-domain.ts";
import type { ContractFile } from "../../runtime/contract/reading/contract-folder.ts";
import type { Diagnostic } from "../../runtime/contract/diagnostics/diagnostic.ts";
import { type ModelCheckResult, checkModel } from "../../runtime/contract/exploration/check-model.ts";
import { buildGraph, type ContractGraph } from "../../runtime/contract/graph/graph.ts";
import { validateFiles } from "../../runtime/contract/checks/validate.ts";
import type { JournalLine } from "../journal/journal-line.ts";
import { openJournal } from "../journal/open-journal.ts";
import { type PlanReport, runPlan } from "../journal/plan-report.ts";
import { withoutBackends } from "../modules/registration.ts";

export interface CheckRequest {
  /** The whole domain's. */
  readonly files: readonly ContractFile[];
  /** Whether every course of a small world is tried. */
  readonly model: boolean;
  /** How far back the journal is taken again; undefined: not at all. */
  readonly planHours?: number | undefined;
}
export interface CheckResult {
  readonly diagnostics: readonly Diagnostic[];
  /** Null where there is an error, as all below; also null: was not asked for. */
  readonly graph: ContractGraph | null;
  readonly model: ModelCheckResult | null;
  readonly plan: PlanReport | null;
}

/** What the thread says: it wants more lines of the journal, or it is done. No lines tell it that there are no more. */
export type WorkerMessage = "lines" | { readonly result: CheckResult } | { readonly failed: string };

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
    await checkContracts(request, journal()).then(
      (result) => send({ result }),
      (error: unknown) => send({ failed: error instanceof Error ? error.message : String(error) }),
    );
  }
}

/**
 * What `validate`, `graph`, `check` and `plan` say of contracts that lie in no folder.
 * @param lines of the journal, read for a plan only
 */
async function checkContracts(
  { files, model: explores, planHours }: CheckRequest,
  lines: AsyncIterable<JournalLine>,
): Promise<CheckResult> {
  const { model, diagnostics } = validateFiles("the contracts", files, withoutBackends());
  if (!model) return { diagnostics, graph: null, model: null, plan: null };
  const graph = buildGraph(model);
  const explored = explores ? checkModel(model) : null;
  if (planHours === undefined) return { diagnostics, graph, model: explored, plan: null };
  const journal = await openJournal(lines, model.code, (names) => compileDomain(model, names));
  return { diagnostics, graph, model: explored, plan: await runPlan(journal, journal.fallback, planHours) };
}
