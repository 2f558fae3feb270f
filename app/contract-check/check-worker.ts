import { once } from "node:events";
import { parentPort } from "node:worker_threads";
import type { JournalLine } from "../journal/journal-line.ts";
import { checkContracts } from "./check-contracts.ts";
import type { CheckRequest } from "./contract-check.ts";

/** What the thread says: it wants more lines of the journal, or it is done. */
export type WorkerMessage = { readonly wants: "lines" } | { readonly result: unknown } | { readonly failed: string };
/** What it is told: what to check, or the lines it asked for; none: there are no more. */
export type WorkerRequest = { readonly request: CheckRequest } | { readonly lines: readonly JournalLine[] };

/** One request after the other, until the thread is ended. */
export async function runCheckWorker(): Promise<void> {
  const port = parentPort;
  if (!port) throw new Error("check-contracts runs only as a worker thread of the server");
  const send = (said: WorkerMessage): void => port.postMessage(said);
  const nextRequest = async (): Promise<WorkerRequest> => ((await once(port, "message")) as [WorkerRequest])[0];
  async function* journal(): AsyncGenerator<JournalLine> {
    for (;;) {
      const answer = nextRequest();
      send({ wants: "lines" });
      const told = await answer;
      if (!("lines" in told) || told.lines.length === 0) return;
      yield* told.lines;
    }
  }
  for (;;) {
    const told = await nextRequest();
    if (!("request" in told)) continue;
    try {
      send({ result: await checkContracts(told.request, journal()) });
    } catch (error) {
      send({ failed: error instanceof Error ? error.message : String(error) });
    }
  }
}
